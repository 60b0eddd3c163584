#pragma once

#include "gate.hpp"
#include "server/environment.hpp"

namespace schemagate {

/// `schemagate snapshot`: replays the migrations and writes what they produce, or with --check compares it with the
/// file. Throws Failure, 76 when they differ.
void seal(const Gate& gate, const Environment& environment);

}  // namespace schemagate
