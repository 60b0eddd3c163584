#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace schemagate {

/// What git would do to a file on its way into the index.
struct Conversion {
  std::map<std::string, std::string> attributes;  ///< by `git check-attr`: set, unset, unspecified or a value
  bool autocrlf = false;                          ///< core.autocrlf is true or input
  bool has_program = false;                       ///< the configuration has one for the attribute `filter`
};

/// Whether a file is what git has; unknown where only a program that the configuration names could tell.
enum class Same : std::uint8_t { yes, no, unknown };

/// Compares without that program: as it is, and as git itself converts it.
[[nodiscard]] Same compared(const Conversion& conversion, std::string_view content, std::string_view object);

}  // namespace schemagate
