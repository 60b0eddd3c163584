#pragma once

#include <cstddef>
#include <string_view>

namespace schemagate {

/// How many bytes at the beginning of `text` spell `word`, 0 when they do not: as it is, or with any of its letters
/// percent-encoded (RFC 3986; `+` for a blank in forms), escaped as in JSON, in C and in libpq's key=value form, or
/// doubled as in SQL; or all of it in hexadecimal or base64 (RFC 4648, both alphabets), also as a part of more.
[[nodiscard]] std::size_t spelled(std::string_view text, std::string_view word);

}  // namespace schemagate
