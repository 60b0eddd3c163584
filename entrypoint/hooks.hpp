#pragma once

#include "gate.hpp"
#include "server/environment.hpp"

namespace schemagate {

/// `schemagate apply`: the gate between --before and --after. Once --before was started, --after runs whatever happens,
/// knows how it ended, and does not hide it. Throws what the gate throws; Failure 75 (--deadline passed in --before),
/// 78 (one of the two commands failed), 128+n (a signal while --after ran).
void pass_with_hooks(const Gate& gate, const Environment& environment);

}  // namespace schemagate
