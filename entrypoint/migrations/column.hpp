#pragma once

#include "migrations/claim.hpp"
#include "migrations/words.hpp"

namespace schemagate {

/// What follows ALTER TABLE … ADD: a column or a constraint.
[[nodiscard]] Claims added(Words& words);

/// What follows ALTER TABLE … ALTER: a column or a constraint.
[[nodiscard]] Claims altered(Words& words);

}  // namespace schemagate
