#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "schema/compare.hpp"

namespace schemagate {

struct Style {
  bool colour = false;
  std::size_t most = 0;  ///< lines; 0 for all. The rest is counted: `… and 12 more differences`
};

/// For people: a block a finding, `- expected` and `+ found`; definitions of several lines as unified diffs. Without a
/// last newline.
[[nodiscard]] std::string render_text(const std::vector<Finding>& findings, const Style& style);

/// An array: `level`, `change`, `kind`, `identity`, `property`, `expected`, `found`, `reason`, `sqlstate`, `diff`; null
/// where there is none. In one line.
[[nodiscard]] std::string render_json(const std::vector<Finding>& findings);

/// For a pull request: a table, and definitions in ```diff blocks.
[[nodiscard]] std::string render_markdown(const std::vector<Finding>& findings);

/// `2 breaking, 1 risky, 3 harmless differences`; without the zeros.
[[nodiscard]] std::string counted(const std::vector<Finding>& findings);

/// A unified diff of two texts, without file names; empty when they are equal.
[[nodiscard]] std::string unified(const std::string& expected, const std::string& found);

}  // namespace schemagate
