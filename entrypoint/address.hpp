#pragma once

#include "config.hpp"
#include "database/url.hpp"
#include "server/environment.hpp"

namespace schemagate {

/// Which database, and as whom: the connection string (secret.hpp), and what libpq's variables fill in. Throws Failure
/// 78, whose text holds no part of what could not be read.
[[nodiscard]] Url read_address(const Config& config, Environment& environment);

}  // namespace schemagate
