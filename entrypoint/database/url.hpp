#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace schemagate {

/// What a connection string says, as libpq keywords.
///
/// `dbname` is a name and never a connection string: hand the keywords to libpq without `expand_dbname`.
struct Url {
  std::vector<std::pair<std::string, std::string>> keywords;  ///< libpq's vocabulary, each once and not empty, sorted
  std::string schema;                                         ///< `?schema=`; empty when not given
  std::string identity;            ///< whose token is the password: `system` or a client id; empty: nobody's
  std::string home;                ///< folder of libpq's files that are read where a setting says so, and not else
  std::vector<std::string> notes;  ///< what was dropped or read in another way; never a value that may be secret

  friend bool operator==(const Url&, const Url&) = default;

  /// Empty when absent.
  [[nodiscard]] std::string value(std::string_view keyword) const;

  /// For people: `app@db.example.com:5432/app`, `app@[/var/run/postgresql]/app`. Neither password nor parameters.
  [[nodiscard]] std::string place() const;
};

/// A connection string that cannot be understood. Neither text contains a part of the input that may be secret.
struct BadUrl : std::runtime_error {
  BadUrl(const std::string& what, std::string advice);

  std::string next;  ///< what to change
};

/// Refuses the value of a keyword in which other parts of a connection string, a password maybe, have ended up, or that
/// libpq would object to by repeating it. Throws BadUrl.
void require_sound(std::string_view keyword, std::string_view value);

/// Reads a connection string as Prisma's users write it (a WHATWG URL), or libpq's URI or `key=value` form.
/// `schema_folder`: where a relative `sslcert` in Prisma's meaning, the server's CA, is looked for.
///
/// A URL without a host means localhost, without a database `postgres`, as for Prisma; a `service` may know better
/// and leaves both to libpq. So does the `key=value` form.
[[nodiscard]] Url parse_url(std::string_view text, const std::string& schema_folder);

}  // namespace schemagate
