#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/compare.hpp"
#include "schema/object.hpp"

namespace schemagate {

/// What a difference means: level, reason, SQLSTATE. The other members of the finding are given.
struct Meaning {
  Level level;
  std::string reason;
  std::string sqlstate{};
};

/// Both sides, to look up what belongs together (a column's default, a foreign key's table).
struct Sides {
  const Description& expected;
  const Description& live;
};

[[nodiscard]] Meaning missing(const Object& expected, const Sides& sides);
[[nodiscard]] Meaning extra(const Object& live, const Sides& sides);
/// `property` differs; the objects have the same identity, and the same kind unless that is the property.
/// `kind` is a property too: a table may have become a view.
[[nodiscard]] Meaning changed(const Object& expected, const Object& live, std::string_view property,
                              const Sides& sides);

}  // namespace schemagate
