#pragma once

#include <vector>

#include "check/facts.hpp"
#include "check/issue.hpp"

namespace schemagate {

/// Whether git has every file, as it is on disk, committed.
[[nodiscard]] std::vector<Issue> untracked(const Evidence& facts);

/// A path from the top of the work tree, as the operator would name it.
[[nodiscard]] std::string shown(const Evidence& facts, const std::string& path);

}  // namespace schemagate
