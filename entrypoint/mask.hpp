#pragma once

#include <string>
#include <string_view>

#include "failure.hpp"

namespace schemagate {

/// What this start must not print: everything that is printed, left or recorded goes through masked().
///
/// From now on masked() hides `secret`, unless it is shorter than 8 letters or is a name.
void conceal(std::string_view secret);

/// The credentials within a text that looks like a connection string, and the text itself.
void conceal_connection(std::string_view text);

/// The name of a user, host or database: shown also where it is a password too.
void reveal(std::string_view name);

/// `***` where a secret stands, whichever of its letters are percent-encoded, escaped or doubled, or all of it is
/// base64 or hexadecimal.
[[nodiscard]] std::string masked(std::string_view text);
[[nodiscard]] Report masked(Report report);

[[nodiscard]] bool holds_secret(std::string_view text);

/// From now on the values of rows, constants of other sessions and lines with a password are shown (--show-values).
void show_values();
[[nodiscard]] bool shows_values();

/// Whether credentials may stand in it: a URL of PostgreSQL or with a password, or `password=` in any case.
[[nodiscard]] bool is_like_connection(std::string_view text);

/// Whether it is nothing but such a text: what belongs into a URL's variable and stands in another one.
[[nodiscard]] bool is_connection(std::string_view text);

}  // namespace schemagate
