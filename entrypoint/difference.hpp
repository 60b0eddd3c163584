#pragma once

#include "gate.hpp"

namespace schemagate {

/// `schemagate diff`: prints how the live schema differs from the snapshot, whatever it means; the exit code, 0 or 76.
[[nodiscard]] int show_difference(const Gate& gate);

}  // namespace schemagate
