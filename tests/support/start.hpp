#pragma once

#include <string>
#include <vector>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/process.hpp"

namespace support {

/// Starts `printenv`-like programs against an empty folder: all that matters is which URL was used.
struct Start {
  Database database;
  Folder folder;

  [[nodiscard]] Ran start(const Variables& variables, const std::vector<std::string>& program = {"true"},
                          const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words{"--migrations", folder.path(), "--allow-empty"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), program.begin(), program.end());
    return support::schemagate(words, variables);
  }
  [[nodiscard]] bool accepts(const Variables& variables) const { return start(variables).code == 0; }
};

}  // namespace support
