#pragma once

#include <string_view>

#include "database/parameter.hpp"
#include "database/url.hpp"

namespace schemagate {

/// libpq's `host=db password='two words'` form. Throws BadUrl.
[[nodiscard]] Url read_keywords(std::string_view text);

/// The same, taken apart already. Throws BadUrl.
[[nodiscard]] Url url_of(const Parameters& words);

}  // namespace schemagate
