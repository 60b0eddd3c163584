#pragma once

#include <string_view>

#include "database/url.hpp"

namespace schemagate {

/// libpq's `host=db password='two words'` form. Throws BadUrl.
[[nodiscard]] Url read_keywords(std::string_view text);

}  // namespace schemagate
