#include "database/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "database/keywords.hpp"
#include "database/parameter.hpp"
#include "database/uri.hpp"
#include "database/visible.hpp"
#include "mask.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view blanks = " \t\n\r\f\v";

/// Without the tabs and line ends that a URL does not have, nor anything invisible at its end.
std::string strip(std::string_view text) {
  std::string result{text};
  std::erase_if(result, [](char letter) { return letter == '\t' || letter == '\n' || letter == '\r'; });
  while (!result.empty() && static_cast<unsigned char>(result.back()) <= ' ') result.pop_back();
  return result;
}

BadUrl foreign(std::string_view part) {
  return {fmt::format("the {} holds what none has, so other parts of the connection string got into it", part),
          "separate key=value pairs by blanks, and write a value with a blank, a quote or a semicolon in it 'like "
          "this'; in a URL percent-encode the user and the password"};
}

/// A name of the DNS, an address, or a socket.
bool is_host(std::string_view host) {
  if (host.starts_with('/') || host.starts_with('@')) return !is_like_connection(host) && !contains(host, ';');
  return std::ranges::all_of(
      host, [](unsigned char c) { return std::isalnum(c) != 0 || contains("-._:%", static_cast<char>(c)); });
}

void require_host(std::string_view host) {
  // `user:password@host` encoded as a whole lands in the host. An abstract socket begins with its @.
  if (const auto at = host.find('@'); at != std::string_view::npos && at > 0) throw unescaped_at();
  if (!is_host(host)) throw foreign("host");
}

void require_seconds(std::string_view timeout) {
  if (!timeout.empty() && !whole_number(timeout))
    throw BadUrl{"connect_timeout is not a whole number", "write it in seconds; 0 waits for ever"};
}

/// `engine:key` has libpq load a shared library of the image into this static binary.
void require_file(std::string_view key) {
  if (contains(key, ':'))
    throw BadUrl{"sslkey names an engine of OpenSSL, which this binary cannot load",
                 "put the key into a file, in PEM, and name that"};
}

/// What is shown in every message.
void require_name(std::string_view keyword, std::string_view value) {
  if (keyword == "dbname" && value.find("://") != std::string_view::npos)
    throw BadUrl{"the database name is itself a connection string", "give that connection string alone"};
  if (is_like_connection(value) || contains(value, ';')) throw foreign(keyword);
}

void require_password(const Url& url) {
  if (contains(url.value("user"), ':') && url.value("password").empty())
    throw BadUrl{"the user has a colon in it and there is no password",
                 "write the colon between user and password as it is, not as %3A"};
}

bool is_ours(std::string_view text) { return text.starts_with("postgresql://") || text.starts_with("postgres://"); }

/// `mysql` of `mysql://`; empty when the text does not begin like a URL.
std::string_view scheme_of(std::string_view text) {
  const auto end = text.find("://");
  const auto scheme = text.substr(0, end == std::string_view::npos ? 0 : end);
  return scheme.find_first_of("=@/ ") == std::string_view::npos ? scheme : std::string_view{};
}

void refuse_scheme(std::string_view scheme) {
  if (scheme.starts_with("prisma"))
    throw BadUrl{"the connection string is for Prisma's proxy, which does not speak PostgreSQL",
                 "use the direct URL of the database, which begins with postgresql://"};
  if (scheme.starts_with("jdbc:"))
    throw BadUrl{"the connection string is in Java's form", "write postgresql://user:password@host:5432/database"};
  if (!scheme.empty())
    throw BadUrl{"the connection string is not for PostgreSQL", "begin it with postgresql:// or postgres://"};
}

void refuse_start(std::string_view text) {
  if (text.find_first_not_of(blanks) == std::string_view::npos)
    throw BadUrl{"the connection string is empty", "write postgresql://user:password@host:5432/database"};
  if (contains("\"'`", text.front()))
    throw BadUrl{"the connection string begins with a quote", "remove the quotes: docker --env-file keeps them"};
  if (contains(blanks, text.front()) && !scheme_of(text.substr(text.find_first_not_of(blanks))).empty())
    throw BadUrl{"the connection string begins with a blank", "remove what stands before its first letter"};
  if (!is_ours(text)) refuse_scheme(scheme_of(text));
}

void refuse_zero(std::string_view text) {
  if (contains(text, '\0') || (is_ours(text) && text.find("%00") != std::string_view::npos))
    throw BadUrl{"the connection string contains a zero byte", "remove it; PostgreSQL cannot be given one"};
}

Url read_any(std::string_view text, const std::string& folder) {
  refuse_start(text);
  if (is_ours(text)) {
    const std::string clean = strip(text);
    refuse_zero(clean);
    return read_uri(clean, folder);
  }
  if (!contains(text, '='))
    throw BadUrl{"the connection string is neither a URL nor key=value pairs",
                 "write postgresql://user:password@host:5432/database"};
  return read_keywords(text);
}

/// Sockets are bracketed too, or the database would read as a part of the folder.
std::string show_host(std::string_view host, std::string_view port) {
  const bool bracketed = contains(host, ':') || contains(host, '/');
  std::string result = bracketed ? "[" + std::string{host} + "]" : std::string{host};
  return port.empty() ? result : result + ":" + std::string{port};
}

std::string show_hosts(std::string_view hosts, std::string_view ports) {
  const auto numbers = split(ports, ',');
  std::string result;
  std::size_t index = 0;
  for (const std::string_view host : split(hosts, ',')) {
    result += (index == 0 ? "" : ",") + show_host(host, index < numbers.size() ? numbers[index] : numbers.back());
    ++index;
  }
  return result;
}

}  // namespace

std::string Url::value(std::string_view keyword) const { return text_of(keywords, keyword); }

std::string Url::place() const {
  const std::string host = value("host").empty() ? value("hostaddr") : value("host");
  // Encoding the colon of `user:password` as well makes the password a part of the user.
  const std::string user{cut(value("user"), ':').first};
  const std::string database = value("dbname");
  return (user.empty() ? "" : user + "@") + show_hosts(host.empty() ? "(default host)" : host, value("port")) +
         (database.empty() ? "" : "/" + database);
}

BadUrl::BadUrl(const std::string& what, std::string advice) : std::runtime_error{what}, next{std::move(advice)} {}

void require_sound(std::string_view keyword, std::string_view value) {
  const bool may_hold_any = keyword == "password" || keyword == "sslpassword" || keyword == "options";
  if (!may_hold_any && keyword != "dbname" && is_like_connection(value)) throw foreign(keyword);
  if (keyword == "port") require_ports(value);
  if (keyword == "connect_timeout") require_seconds(value);
  if (keyword == "sslkey") require_file(value);
  if (keyword == "host" || keyword == "hostaddr")
    for (const std::string_view host : split(value, ',')) require_host(host);
  for (const char* name : {"user", "dbname", "service", "application_name"})
    if (keyword == name) require_name(keyword, value);
}

Url parse_url(std::string_view text, const std::string& schema_folder) {
  require_visible_ends(text);
  refuse_zero(text);
  Url url = read_any(text, schema_folder);
  for (const auto& [keyword, value] : url.keywords) require_sound(keyword, value);
  require_password(url);
  std::sort(url.keywords.begin(), url.keywords.end());
  return url;
}

}  // namespace schemagate
