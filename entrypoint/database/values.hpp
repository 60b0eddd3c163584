#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "database/connection.hpp"

namespace schemagate {

/// What the server says of rows and passwords is not for a log that many read: of the SQLSTATE classes 22 and 23 (data
/// exceptions, integrity constraint violations) detail and context are left out, and what its message quotes is hidden,
/// unless it is one of `names`, which the server gave apart from it. A statement with a password that it repeats is
/// left out. As it is, when show_values() was said (mask.hpp).
[[nodiscard]] ServerMessage without_values(ServerMessage message, const std::vector<std::string>& names);

/// What libpq says of an option that it does not take, without the value.
[[nodiscard]] std::string without_option_value(const std::string& message);

/// The same of a message about a statement that may hold a password: what it quotes is hidden then.
[[nodiscard]] ServerMessage about(ServerMessage message, std::string_view statement);

/// Another session's statement, in one line of at most `width` bytes and without its constants; as it is, when
/// show_values() was said.
[[nodiscard]] std::string shown_query(std::string_view query, std::size_t width);

/// `columns a, b` of a constraint or unique index that a message names; empty when the catalogs do not have it, or
/// cannot be asked.
[[nodiscard]] std::string columns_of(Connection& connection, const ServerMessage& error);

}  // namespace schemagate
