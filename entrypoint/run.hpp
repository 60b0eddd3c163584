#pragma once

#include "config.hpp"
#include "log.hpp"
#include "server/environment.hpp"
#include "server/signals.hpp"

namespace schemagate {

/// Does what the command says; its exit code. `run` does not return: it becomes the program. Throws Failure.
[[nodiscard]] int run(const Config& config, Environment& environment, Signals& signals, const Log& log);

}  // namespace schemagate
