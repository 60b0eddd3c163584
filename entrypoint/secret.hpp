#pragma once

#include <optional>
#include <string>

#include "server/environment.hpp"
#include "wait.hpp"

namespace schemagate {

/// The connection string: SCHEMAGATE_DATABASE_URL, its _FILE or _COMMAND, else DATABASE_URL or DATABASE_URL_FILE, else
/// nothing when libpq's own PG* variables name a database. Our own three are wiped from `environment`. A command has
/// `limit` to print the URL. Throws Failure 78; no text of it contains the URL.
[[nodiscard]] std::optional<std::string> database_url(Environment& environment, Clock::duration limit);

}  // namespace schemagate
