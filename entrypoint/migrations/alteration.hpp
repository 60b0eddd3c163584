#pragma once

#include "migrations/claim.hpp"
#include "migrations/words.hpp"

namespace schemagate {

/// What follows ALTER.
[[nodiscard]] Claims alteration(Words& words);

}  // namespace schemagate
