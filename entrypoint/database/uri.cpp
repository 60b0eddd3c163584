#include "database/uri.hpp"

#include <algorithm>
#include <filesystem>

#include "database/parameter.hpp"
#include "database/percent.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

BadUrl bad_host() {
  return {"a host in the connection string is empty or its brackets do not match",
          "write host:port, or [address]:port for IPv6, and commas only between two hosts"};
}

BadUrl bad_identity() {
  return {"sslidentity and sslpassword name a PKCS#12 file, which libpq does not read",
          "convert it to PEM:\n"
          "  openssl pkcs12 -in identity.p12 -clcerts -nokeys -out client.crt\n"
          "  openssl pkcs12 -in identity.p12 -nocerts -nodes -out client.key\n"
          "then write sslcert=client.crt&sslkey=client.key instead, and sslrootcert= for the server's CA; "
          "the key must be readable by its owner only"};
}

/// Still percent-encoded.
struct Pieces {
  std::string_view login;
  std::string_view hosts;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
};

Pieces dissect(std::string_view url) {
  const auto [main, fragment] = cut(url.substr(url.find("://") + 3), '#');
  const auto [address, query] = cut(main, '?');
  const auto [authority, path] = cut(address, '/');
  const auto at = authority.rfind('@');
  return {.login = at == std::string_view::npos ? std::string_view{} : authority.substr(0, at),
          .hosts = at == std::string_view::npos ? authority : authority.substr(at + 1),
          .path = path,
          .query = query,
          .fragment = fragment};
}

/// A / ? or # in the password ends the host early, and then the true @ follows where none belongs.
bool is_torn(const Pieces& pieces) {
  const auto torn = [](std::string_view piece) {
    const auto [name, value] = cut(piece, '=');
    return contains(name, '@') || (contains(value, '@') && use_of(name) == Use::unknown);
  };
  const auto queries = split(pieces.query, '&');
  return contains(pieces.path, '@') || contains(pieces.fragment, '@') ||
         std::any_of(queries.begin(), queries.end(), torn);
}

void add_login(std::string_view login, Url& url) {
  const auto [user, password] = cut(login, ':');
  set_keyword(url, "user", decode_percent(user));
  set_keyword(url, "password", decode_percent(password));
}

/// `[::1]:5432` or `db:5432`, as host and port.
std::pair<std::string_view, std::string_view> read_host(std::string_view piece) {
  if (!piece.starts_with('[')) return cut(piece, ':');
  const auto end = piece.find(']');
  if (end == std::string_view::npos || end == 1 || (end + 1 < piece.size() && piece[end + 1] != ':')) throw bad_host();
  return {piece.substr(1, end - 1), piece.substr(std::min(end + 2, piece.size()))};
}

/// `h1:1,h2:2` becomes host `h1,h2` and port `1,2`.
void add_hosts(std::string_view list, Url& url) {
  std::string hosts;
  std::string ports;
  const auto pieces = split(list, ',');
  for (const std::string_view piece : pieces) {
    const auto [host, port] = read_host(piece);
    if (host.empty() && pieces.size() > 1) throw bad_host();
    require_ports(port);
    hosts.append(decode_percent(host)).append(",");
    ports.append(port).append(",");
  }
  hosts.pop_back();
  ports.pop_back();
  set_keyword(url, "host", hosts);
  set_keyword(url, "port", ports.find_first_not_of(',') == std::string::npos ? std::string{} : ports);
}

void add_database(std::string_view path, Url& url) {
  const auto [name, rest] = cut(path, '/');
  set_keyword(url, "dbname", decode_percent(name));
  if (!rest.empty())
    url.notes.emplace_back("only the first segment of the URL's path is the database; the rest is ignored");
}

Parameters read_query(std::string_view query) {
  Parameters result;
  for (const std::string_view piece : split(query, '&')) {
    if (!piece.empty()) {
      const auto [name, value] = cut(piece, '=');
      put(result, decode_query(name), decode_query(value));
    }
  }
  return result;
}

/// A piece without a value is not named: it may be what follows a & in a password.
void note_unknown(const std::string& name, std::string_view value, Url& url) {
  const bool shown = !value.empty() && is_showable(name);
  url.notes.push_back((shown ? "the parameter " + name : "a parameter") + " is not known and is ignored");
}

void add_parameter(const std::string& name, const std::string& value, Url& url) {
  require_case(name);
  switch (use_of(name)) {
    case Use::libpq:
      return set_keyword(url, name, value);
    case Use::dropped:
      return note_dropped(name, value, url);
    case Use::unknown:
      return note_unknown(name, value, url);
    case Use::shared:
    case Use::prisma:
    case Use::silent:
      return;
  }
}

void add_prisma(const Parameters& query, Url& url) {
  url.schema = text_of(query, "schema");
  if (text_of(query, "pgbouncer") == "true")
    url.notes.emplace_back("pgbouncer=true: this looks like a pooler; migrations need the direct URL of the database");
}

void add_mode(const Parameters& query, Url& url) {
  const auto* const given = find(query, "sslmode");
  const auto* const accept = find(query, "sslaccept");
  const std::string ssl = text_of(query, "ssl");
  std::string mode = ssl.empty() ? "" : read_ssl(ssl);
  if (given != nullptr) mode = read_mode(*given, url);
  if (accept != nullptr && *accept != "accept_invalid_certs" && mode != "disable" && mode != "verify-full") {
    mode = "verify-full";
    url.notes.emplace_back("sslaccept=strict is read as sslmode=verify-full");
  }
  set_keyword(url, "sslmode", mode);
}

/// Prisma's `sslcert` is the server's CA; libpq's is the client's certificate, and has a key.
void add_authority(const std::string& certificate, const std::string& folder, Url& url) {
  if (!url.value("sslrootcert").empty()) {
    url.notes.emplace_back("sslcert without sslkey is ignored: sslrootcert names the server's CA");
    return;
  }
  set_keyword(url, "sslrootcert", (std::filesystem::path{folder} / certificate).string());
  url.notes.emplace_back("sslcert without sslkey is read as the server's CA (sslrootcert)");
}

void add_client(const Parameters& query, Url& url) {
  set_keyword(url, "sslcert", text_of(query, "sslcert"));
  set_keyword(url, "sslpassword", text_of(query, "sslpassword"));
  if (find(query, "sslidentity") != nullptr)
    url.notes.emplace_back("sslidentity is ignored: sslkey names the client's key");
}

void add_certificates(const Parameters& query, const std::string& folder, Url& url) {
  if (!url.value("sslkey").empty()) return add_client(query, url);
  if (!text_of(query, "sslidentity").empty() || !text_of(query, "sslpassword").empty()) throw bad_identity();
  if (const std::string certificate = text_of(query, "sslcert"); !certificate.empty())
    add_authority(certificate, folder, url);
}

/// As Prisma has them; libpq would take the socket or PGHOST, and the user's name for the database.
void add_defaults(Url& url) {
  if (!url.value("service").empty()) return;
  if (url.value("host").empty() && url.value("hostaddr").empty()) {
    set_keyword(url, "host", "localhost");
    url.notes.emplace_back("the URL names no host: localhost is used");
  }
  if (url.value("dbname").empty()) {
    set_keyword(url, "dbname", "postgres");
    url.notes.emplace_back("the URL names no database: postgres is used");
  }
}

void add_query(const Parameters& query, const std::string& folder, Url& url) {
  for (const auto& [name, value] : query) add_parameter(name, value, url);
  add_prisma(query, url);
  add_mode(query, url);
  add_certificates(query, folder, url);
}

}  // namespace

BadUrl unescaped_at() {
  return {"the connection string has an @ after its host",
          "percent-encode the user and the password: / as %2F, ? as %3F, # as %23, % as %25, @ as %40; "
          "elsewhere an @ is written %40 too"};
}

Url read_uri(std::string_view text, const std::string& folder) {
  const Pieces pieces = dissect(text);
  if (is_torn(pieces)) throw unescaped_at();
  Url url;
  add_login(pieces.login, url);
  add_hosts(pieces.hosts, url);
  add_database(pieces.path, url);
  add_query(read_query(pieces.query), folder, url);
  add_defaults(url);
  if (!pieces.fragment.empty()) url.notes.emplace_back("what follows the # is ignored; a # in a value is written %23");
  return url;
}

}  // namespace schemagate
