#pragma once

#include <string>
#include <vector>

#include "check/facts.hpp"
#include "check/issue.hpp"

namespace schemagate {

/// Everything that is wrong, errors first.
[[nodiscard]] std::vector<Issue> judge(const Evidence& facts);

/// One line: what was looked at. `issues` are those of judge().
[[nodiscard]] std::string looked_at(const Evidence& facts, const std::vector<Issue>& issues);

}  // namespace schemagate
