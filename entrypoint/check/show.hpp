#pragma once

#include <string>
#include <vector>

#include "check/issue.hpp"

namespace schemagate {

/// Whatever a file is called; what is no character of text becomes `?`.
[[nodiscard]] std::string on_one_line(std::string text);

/// For people: three lines an issue, at most ten of a rule; then `summary`.
[[nodiscard]] std::string issues_text(const std::vector<Issue>& issues, const std::string& summary);

/// For machines, one line; the shape is documented in README.md.
[[nodiscard]] std::string issues_json(const std::vector<Issue>& issues, const std::string& summary);

/// Workflow commands, which GitHub Actions shows at the file. `top` is the absolute path of the work tree, from which
/// they name files, `here` the folder that relative names start from. Source: actions/toolkit,
/// packages/core/src/command.ts.
[[nodiscard]] std::string issues_github(const std::vector<Issue>& issues, const std::string& summary,
                                        const std::string& top, const std::string& here);

}  // namespace schemagate
