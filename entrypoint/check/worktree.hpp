#pragma once

#include <string>
#include <vector>

#include "check/git.hpp"
#include "check/repository.hpp"

namespace schemagate {

/// Completes `changed` by what is on disk, and `filtered`: files of the index that are gone, and those of `paths` that
/// say something else. git is not asked for it: `git status` runs the filters that a repository names.
void compare_with_disk(const Git& git, Repository& repository, const std::vector<std::string>& paths);

/// One side of `XY` of git status: 0 for the index against HEAD, 1 for the disk against the index.
void mark(Repository& repository, const std::string& path, std::size_t side, char letter);

}  // namespace schemagate
