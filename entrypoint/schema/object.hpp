#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace schemagate {

/// One object of a schema, as the catalogs describe it.
struct Object {
  std::string kind;      ///< `column`
  std::string identity;  ///< `public.users.email`; `\` and `.` inside a name are escaped by `\`
  /// In the order of the description; without a value it is a flag, `notnull`.
  std::vector<std::pair<std::string, std::string>> properties;

  /// The value, empty for a flag; nothing when the object does not have it.
  [[nodiscard]] std::optional<std::string_view> property(std::string_view name) const;
  friend bool operator==(const Object&, const Object&) = default;
};

/// By kind, then identity, in the order of their bytes; no two with both alike.
using Description = std::vector<Object>;

/// `kind TAB identity TAB key=value TAB flag …`, where `\`, tab, newline and return are escaped by `\`; in a key, `=`
/// and `:` too.
[[nodiscard]] Object parse_object(std::string_view line);

/// Where this character stands without `\` before it; npos when it does not.
[[nodiscard]] std::size_t find_bare(std::string_view text, char mark);

/// With `\` before each of these marks; newline, return and tab become letters.
[[nodiscard]] std::string escape(std::string_view text, std::string_view marks);

/// Undoes the escaping of a key or value.
[[nodiscard]] std::string unescape(std::string_view text);

/// The names that an identity is made of, unescaped: `public`, `users`, `email`.
[[nodiscard]] std::vector<std::string> names(std::string_view identity);

/// What it is inside of, `public.users`, and its own name there; both as escaped as they were.
[[nodiscard]] std::string_view parent(std::string_view identity);
[[nodiscard]] std::string_view leaf(std::string_view identity);

/// Sorted, as Description promises.
void sort(Description& objects);

/// Nothing when there is none.
[[nodiscard]] const Object* find(const Description& objects, std::string_view kind, std::string_view identity);

}  // namespace schemagate
