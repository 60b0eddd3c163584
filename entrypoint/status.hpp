#pragma once

#include <string>

#include "gate.hpp"

namespace schemagate {

/// For people: a line a migration, then the verdict.
[[nodiscard]] std::string status_text(const Gate& gate, const View& view);

/// For machines, one line; the shape is documented in README.md.
[[nodiscard]] std::string status_json(const Gate& gate, const View& view);

}  // namespace schemagate
