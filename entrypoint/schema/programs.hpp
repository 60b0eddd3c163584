#pragma once

#include <string>

#include "server/environment.hpp"

namespace schemagate {

/// The folder that holds both initdb and postgres: `given` (--pg-bin), else the first of PATH, else where distributions
/// put them, newest version first. Throws Failure 78 that tells where it looked.
[[nodiscard]] std::string find_postgres(const std::string& given, const Environment& environment);

}  // namespace schemagate
