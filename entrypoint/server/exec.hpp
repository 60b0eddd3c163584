#pragma once

#include <string>
#include <vector>

#include "server/environment.hpp"
#include "server/signals.hpp"

namespace schemagate {

/// What we become.
struct Program {
  std::vector<std::string> arguments;  ///< as given after `--`; the first is the name
  std::string file;                    ///< where the name was found
};

/// Looks the program up as execvp would, before anything else is touched. Throws Failure 127 (missing, or its
/// interpreter is) or 126 (a folder, not executable).
[[nodiscard]] Program find_program(const std::vector<std::string>& arguments, const Environment& environment);

/// Replaces this process. Returns only by throwing Failure 126 or 127. Nothing of ours may be open by now:
/// destructors do not run.
[[noreturn]] void exec_program(const Program& program, const Environment& environment, Signals& signals,
                               const char* state);

}  // namespace schemagate
