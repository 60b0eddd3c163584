#pragma once

#include <string_view>

#include "schema/rules.hpp"

namespace schemagate {

/// Constraints and indexes: what ON CONFLICT, foreign keys and checks rest on.
[[nodiscard]] Meaning missing_constraint(const Object& expected, const Sides& sides);
[[nodiscard]] Meaning extra_constraint(const Object& live, const Sides& sides);
[[nodiscard]] Meaning changed_constraint(const Object& expected, const Object& live, std::string_view property,
                                         const Sides& sides);
[[nodiscard]] Meaning missing_index(const Object& expected, const Sides& sides);
[[nodiscard]] Meaning extra_index(const Object& live, const Sides& sides);
[[nodiscard]] Meaning changed_index(const Object& expected, const Object& live, std::string_view property,
                                    const Sides& sides);

/// The table that a foreign key refers to, as an identity; empty for any other constraint.
[[nodiscard]] std::string referred(const Object& constraint);

}  // namespace schemagate
