#pragma once

#include <string>
#include <string_view>

#include "database/url.hpp"

namespace schemagate {

/// The form that begins with postgresql://, as WHATWG, Prisma and libpq together understand it. See parse_url().
/// Throws BadUrl.
[[nodiscard]] Url read_uri(std::string_view text, const std::string& schema_folder);

/// The refusal of an `@` that cannot be the one before the host.
[[nodiscard]] BadUrl unescaped_at();

}  // namespace schemagate
