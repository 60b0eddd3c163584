#pragma once

#include <string>
#include <string_view>

namespace schemagate {

/// A name or a constant in capitals and without its quotes.
[[nodiscard]] std::string plain_token(std::string_view token);

/// What a `$$…$$` or `'…'` says, as a block's or a routine's text; empty for anything else.
[[nodiscard]] std::string body_of(std::string_view token);

}  // namespace schemagate
