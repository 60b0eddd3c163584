#pragma once

#include "migrations/claim.hpp"
#include "migrations/words.hpp"

namespace schemagate {

/// What follows CREATE.
[[nodiscard]] Claims creation(Words& words);

}  // namespace schemagate
