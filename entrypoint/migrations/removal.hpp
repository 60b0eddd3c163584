#pragma once

#include "migrations/claim.hpp"
#include "migrations/words.hpp"

namespace schemagate {

/// What follows DROP.
[[nodiscard]] Claims removal(Words& words);

}  // namespace schemagate
