#pragma once

#include <string>

#include "database/url.hpp"

namespace schemagate {

/// libpq's file of passwords under HOME, which is there and not read, because PGPASSFILE does not name it; empty
/// without one, and where the URL names another.
[[nodiscard]] std::string unread_passfile(const Url& url);

}  // namespace schemagate
