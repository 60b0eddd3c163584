#pragma once

#include <cstdint>
#include <string>

namespace schemagate {

enum class Severity : std::uint8_t { error, warning, note };

/// Something about a folder of migrations, or about what carries it into the image.
struct Issue {
  Severity severity = Severity::error;
  std::string rule;      ///< stable, for machines: `untracked`
  std::string file;      ///< as the operator would name it; may be empty
  std::size_t line = 0;  ///< 0 for none
  std::string what;
  std::string why;   ///< what would come of it
  std::string next;  ///< the exact command or edit

  friend bool operator==(const Issue&, const Issue&) = default;
};

}  // namespace schemagate
