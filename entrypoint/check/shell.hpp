#pragma once

#include <string>

namespace schemagate {

/// What a shell takes for one word: a path goes into the command that the operator is told to run.
[[nodiscard]] std::string quoted(const std::string& path);

}  // namespace schemagate
