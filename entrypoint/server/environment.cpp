#include "server/environment.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "mask.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

std::string_view name_of(const char* entry) {
  const std::string_view text{entry};
  return text.substr(0, text.find('='));
}

/// `NODE_ENV=development` stays, whatever somebody has for a password.
bool is_copy(std::string_view name, std::string_view value) {
  const auto tells = [name](const char* part) { return name.find(part) != std::string_view::npos; };
  const bool is_secret = std::ranges::any_of(std::array{"PASS", "PWD", "SECRET", "URL", "URI", "DSN", "CONN"}, tells);
  return name != "IDENTITY_HEADER" && holds_secret(value) && (is_secret || is_like_connection(value));
}

bool leads_to_database(const char* entry) {
  const std::string_view name = name_of(entry);
  return std::ranges::find(own_secrets, name) != own_secrets.end() || name == "DATABASE_URL" || name == "PGPASSWORD" ||
         is_copy(name, cut(entry, '=').second);
}

bool is_of_libpq(const char* entry) { return name_of(entry).starts_with("PG"); }

}  // namespace

Environment::Environment(char** strings) {
  for (char** entry = strings; entry != nullptr && *entry != nullptr; ++entry) strings_.push_back(*entry);
}

std::optional<std::string> Environment::value(std::string_view name) const {
  for (const char* entry : strings_) {
    if (name_of(entry) != name || entry[name.size()] != '=') continue;
    const char* value = entry + name.size() + 1;
    return *value == '\0' ? std::nullopt : std::optional<std::string>{value};
  }
  return std::nullopt;
}

std::vector<std::string> Environment::entries() const { return {strings_.begin(), strings_.end()}; }

std::vector<std::string> Environment::names_with_prefix(std::string_view prefix) const {
  std::vector<std::string> names;
  for (const char* entry : strings_)
    if (name_of(entry).starts_with(prefix)) names.emplace_back(name_of(entry));
  return names;
}

template <typename Chosen>
void Environment::wipe_if(Chosen chosen) {
  std::erase_if(strings_, [&chosen](char* entry) {
    if (!chosen(entry)) return false;
    OPENSSL_cleanse(entry, std::strlen(entry));
    return true;
  });
}

void Environment::wipe(std::string_view name) {
  wipe_if([name](const char* entry) { return name_of(entry) == name; });
}

void Environment::wipe_connections() {
  std::erase_if(strings_, [](const char* entry) { return is_of_libpq(entry) && leads_to_database(entry); });
  wipe_if(leads_to_database);
}

std::vector<char*> Environment::block() const {
  std::vector<char*> block = strings_;
  // Already wiped, but for a start that was told to skip everything.
  std::erase_if(block,
                [](const char* entry) { return std::ranges::find(own_secrets, name_of(entry)) != own_secrets.end(); });
  block.push_back(nullptr);
  return block;
}

}  // namespace schemagate
