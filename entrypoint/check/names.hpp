#pragma once

#include <vector>

#include "check/issue.hpp"
#include "failure.hpp"
#include "migrations/folder.hpp"

namespace schemagate {

/// What is odd about the migrations themselves: order, names, contents.
[[nodiscard]] std::vector<Issue> odd_migrations(const Folder& folder);

/// Names that would steer a terminal or a runner of jobs that reads our lines: nothing else is said about such a
/// folder.
[[nodiscard]] std::vector<Issue> refused_names(const Folder& folder, const std::vector<Report>& broken);

}  // namespace schemagate
