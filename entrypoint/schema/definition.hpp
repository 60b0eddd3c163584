#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/object.hpp"

namespace schemagate {

enum class Sort { primary_key, unique, foreign_key, check, exclude };

/// What pg_get_constraintdef says.
struct Constraint {
  Sort sort = Sort::check;
  std::string body;  ///< without what follows
  bool deferrable = false;
  bool deferred = false;
  bool validated = true;
  bool enforced = true;
  bool no_inherit = false;
};
[[nodiscard]] Constraint parse_constraint(std::string_view definition);

/// What ON CONFLICT can name: columns or expressions, in any order, and the rows they are unique among.
struct UniqueKey {
  std::vector<std::string> columns;
  std::string where;
  bool primary = false;      ///< NULL is refused
  bool nulls_equal = false;  ///< NULLS NOT DISTINCT: a second NULL is refused
};
/// Of a constraint or an index; nothing when it is not unique, deferrable or INVALID.
[[nodiscard]] std::optional<UniqueKey> unique_key(const Object& object);

/// What is in the first parentheses, at its commas; quotes and inner parentheses are kept together.
[[nodiscard]] std::vector<std::string> listed_in(std::string_view text);

/// Names as PostgreSQL prints them, `public.users, app."a.b"`, as identities.
[[nodiscard]] std::vector<std::string> identities(std::string_view list);

/// Within a foreign key's definition: `public.users`.
[[nodiscard]] std::string referred_table(std::string_view definition);

/// The labels of an enum, still quoted.
[[nodiscard]] std::vector<std::string> labels(std::string_view list);

}  // namespace schemagate
