#pragma once

#include "config.hpp"
#include "server/environment.hpp"

namespace schemagate {

/// `schemagate check`: judges the folder, git, the build context, the Dockerfile and the snapshot, without a database.
/// Prints what it found. Throws Failure 78 when something is wrong.
void check(const Config& config, Environment& environment);

}  // namespace schemagate
