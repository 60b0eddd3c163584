#pragma once

#include <string>
#include <string_view>

namespace schemagate {

/// A `%` without two hex digits stands for itself: passwords are full of them, libpq alone objects.
[[nodiscard]] std::string decode_percent(std::string_view text);

/// In a query a `+` is a blank besides, for Prisma as for every browser.
[[nodiscard]] std::string decode_query(std::string_view text);

}  // namespace schemagate
