#include "database/parameter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "text.hpp"

namespace schemagate {
namespace {

struct Names {
  Use use;
  std::string_view names;
};

constexpr std::array uses{
    Names{Use::libpq,  // given to libpq as it is
          "application_name channel_binding connect_timeout dbname fallback_application_name host hostaddr keepalives "
          "keepalives_count keepalives_idle keepalives_interval options passfile password port requirepeer service "
          "ssl_max_protocol_version ssl_min_protocol_version sslcrl sslcrldir sslkey sslrootcert sslsni "
          "target_session_attrs tcp_user_timeout user"},
    Names{Use::shared,  // known to both forms, but Prisma's users may mean something else by it
          "schema sslcert sslmode sslpassword"},
    Names{Use::prisma,  // read here, unknown to libpq
          "pgbouncer ssl sslaccept sslidentity"},
    Names{Use::silent,  // without meaning for a migration
          "connection_limit max_connection_lifetime max_idle_connection_lifetime pool_timeout single_use_connections "
          "socket_timeout statement_cache_size uselibpqcompat"},
    Names{Use::dropped,  // libpq's, but ours to decide or not built in
          "client_encoding gssencmode gsslib krbsrvname sslcompression"},
};

constexpr std::string_view modes = "disable allow prefer require verify-ca verify-full";

bool has_word(std::string_view words, std::string_view word) {
  const auto list = split(words, ' ');
  return std::find(list.begin(), list.end(), word) != list.end();
}

BadUrl bad_port() {
  return {"a port in the connection string is not a number from 1 to 65535",
          "correct the port; if that is part of the password, write / as %2F, ? as %3F and # as %23 in it; "
          "an IPv6 address is written in brackets, [::1]"};
}

BadUrl bad_mode() {
  return {"sslmode has a value that does not exist",
          "write sslmode=disable, allow, prefer, require, verify-ca or verify-full"};
}

}  // namespace

const std::string* find(const Parameters& parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &Parameters::value_type::first);
  return found == parameters.end() ? nullptr : &found->second;
}

std::string text_of(const Parameters& parameters, std::string_view name) {
  const auto* const found = find(parameters, name);
  return found == nullptr ? std::string{} : *found;
}

void put(Parameters& parameters, std::string name, std::string value) {
  std::erase_if(parameters, [&name](const auto& pair) { return pair.first == name; });
  parameters.emplace_back(std::move(name), std::move(value));
}

void set_keyword(Url& url, std::string_view keyword, std::string value) {
  if (!value.empty()) put(url.keywords, std::string{keyword}, std::move(value));
}

Use use_of(std::string_view name) {
  const auto* const found =
      std::find_if(uses.begin(), uses.end(), [name](const Names& known) { return has_word(known.names, name); });
  return found == uses.end() ? Use::unknown : found->use;
}

bool is_showable(std::string_view name) {
  const auto plain = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_' || letter == '.' || letter == '-';
  };
  return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), plain);
}

void require_ports(std::string_view ports) {
  for (const std::string_view port : split(ports, ',')) {
    const int value = port.empty() ? 1 : whole_number(port).value_or(0);
    if (value < 1 || value > 65535) throw bad_port();
  }
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

std::string read_mode(const std::string& written, Url& url) {
  std::string given = lower(written);
  if (given == "no-verify") {
    url.notes.emplace_back("sslmode=no-verify is read as sslmode=require");
    return "require";
  }
  if (!has_word(modes, given)) throw bad_mode();
  return given;
}

std::string read_ssl(const std::string& written) {
  std::string given = lower(written);
  if (has_word("true 1 require no-verify", given)) return "require";
  if (has_word("false 0 disable", given)) return "disable";
  if (!has_word(modes, given))
    throw BadUrl{"ssl has a value that does not exist", "write sslmode=require, or sslmode=disable, without ssl"};
  return given;
}

void require_case(std::string_view name) {
  const std::string right = lower(name);
  if (right != name && (right.starts_with("ssl") || right == "channel_binding") && use_of(right) != Use::unknown)
    throw BadUrl{fmt::format("the parameter {} is written in small letters", right),
                 fmt::format("write {}: as it is, it would be ignored, and TLS be left to chance", right)};
}

void note_dropped(std::string_view name, std::string_view value, Url& url) {
  if (name == "gssencmode" && value == "require")
    url.notes.emplace_back("gssencmode is ignored: GSSAPI encryption is not built in, use sslmode");
  if (name == "client_encoding" && value != "UTF8" && value != "utf8" && value != "auto")
    url.notes.emplace_back("client_encoding is ignored: UTF8 is used");
}

}  // namespace schemagate
