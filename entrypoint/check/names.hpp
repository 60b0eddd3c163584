#pragma once

#include <vector>

#include "check/issue.hpp"
#include "migrations/folder.hpp"

namespace schemagate {

/// What is odd about the migrations themselves: order, names, contents.
[[nodiscard]] std::vector<Issue> odd_migrations(const Folder& folder);

}  // namespace schemagate
