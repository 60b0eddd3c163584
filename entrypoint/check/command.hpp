#pragma once

#include <string>
#include <string_view>

namespace schemagate {

[[nodiscard]] bool is_absolute(const std::string& path);

/// A path as a command in this place means it.
[[nodiscard]] std::string joined(const std::string& place, const std::string& path);

/// `rm -rf prisma`, `mv ./prisma/migrations db`: of the place or of what it is in. Not behind `cd`.
[[nodiscard]] bool takes_away(const std::string& command, const std::string& workdir, const std::string& place);

/// Commands that may put a folder among what is built. Sources: pnpm.io/cli/deploy, turborepo's `turbo prune`.
[[nodiscard]] bool moves(const std::string& command);

/// Whether one of its words is that program.
[[nodiscard]] bool starts(const std::string& command, std::string_view program);

}  // namespace schemagate
