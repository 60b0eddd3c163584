#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "forecast/forecast.hpp"

namespace schemagate {

/// `right` is a privilege, OWNER or MAINTAIN (PostgreSQL 17; the owner's before).
[[nodiscard]] Problem missing_right(std::string_view right, const Relation& relation, const std::string& role,
                                    int version);
/// `type` as facts have it: `public.mood`.
[[nodiscard]] Problem missing_type_right(const std::string& type, const std::string& role);
/// CREATE on the database, which making this takes.
[[nodiscard]] Problem missing_database_right(const std::string& what, const Facts& facts);
[[nodiscard]] Problem missing_schema_right(const std::string& schema, const std::string& role);

/// Nothing when CREATE EXTENSION is allowed, or does nothing. Exit code 77, and 65 for what the server does not have.
[[nodiscard]] std::optional<Problem> refused_extension(const std::string& name, bool conditional, const Facts& facts);

}  // namespace schemagate
