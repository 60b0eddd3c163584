#pragma once

#include <string_view>

#include "schema/rules.hpp"

namespace schemagate {

/// Columns of tables, views and composite types, and the types of domains.
[[nodiscard]] Meaning extra_column(const Object& live, const Sides& sides);
[[nodiscard]] Meaning changed_column(const Object& expected, const Object& live, std::string_view property);
[[nodiscard]] Meaning changed_domain(const Object& expected, const Object& live, std::string_view property);
/// Both as PostgreSQL prints them: `character varying(20)`.
[[nodiscard]] Meaning changed_type(std::string_view expected, std::string_view live);

}  // namespace schemagate
