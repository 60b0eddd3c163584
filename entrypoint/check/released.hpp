#pragma once

#include <vector>

#include "check/facts.hpp"
#include "check/issue.hpp"

namespace schemagate {

/// What was done to migrations that the base has: databases may have applied them.
[[nodiscard]] std::vector<Issue> altered(const Evidence& facts);

}  // namespace schemagate
