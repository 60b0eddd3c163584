#pragma once

#include "gate.hpp"
#include "server/environment.hpp"
#include "server/exec.hpp"

namespace schemagate {

/// Runs `program` with a migrated throw-away server, which its DATABASE_URL and PG* variables name, and removes it
/// afterwards. Returns the program's exit code, 128+n when signal n killed it. Throws Failure as Throwaway and apply
/// do.
[[nodiscard]] int sandbox(const Gate& gate, const Program& program, Environment& environment);

}  // namespace schemagate
