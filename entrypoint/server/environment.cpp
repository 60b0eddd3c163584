#include "server/environment.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

namespace schemagate {
namespace {

std::string_view name_of(const char* entry) {
  const std::string_view text{entry};
  return text.substr(0, text.find('='));
}

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

std::vector<std::string> Environment::names_with_prefix(std::string_view prefix) const {
  std::vector<std::string> names;
  for (const char* entry : strings_)
    if (name_of(entry).starts_with(prefix)) names.emplace_back(name_of(entry));
  return names;
}

void Environment::wipe(std::string_view name) {
  std::erase_if(strings_, [name](char* entry) {
    if (name_of(entry) != name) return false;
    OPENSSL_cleanse(entry, std::strlen(entry));
    return true;
  });
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
