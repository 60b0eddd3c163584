#pragma once

#include <string>
#include <string_view>

namespace schemagate {

/// A statement of somebody else's for people, in one line: `'…'` for each constant, whatever its form, and no comment.
/// Where the lexer cannot read on, as in a statement that is cut off, that is the last word.
[[nodiscard]] std::string without_literals(std::string_view sql);

/// A recorded error as Prisma writes it (its `DbError` on one line, PostgreSQL's message on several), without what the
/// server says of rows. As it is when show_values() was said (mask.hpp).
[[nodiscard]] std::string without_details(std::string_view logs);

/// Whether a password may stand there: the word, in any case, but not where it is only the name of something
/// (`"password"`, `password_hash`).
[[nodiscard]] bool tells_password(std::string_view text);

}  // namespace schemagate
