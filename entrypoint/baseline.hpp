#pragma once

#include "gate.hpp"
#include "server/environment.hpp"

namespace schemagate {

/// `schemagate baseline`: records the migrations, or those up to --up-to, in a database without history whose schema is
/// what they produce; under the lock, in one transaction. Otherwise throws Failure 76 with the difference, and with the
/// migration up to which it would be right, if there is one.
void baseline(const Gate& gate, const Environment& environment);

}  // namespace schemagate
