#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace schemagate {

/// The text, as much of it as stands in one line of so many columns.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t columns);

/// The last line of the terminal at stderr, drawn over and over with nothing but carriage returns and blanks.
class TerminalLine {
 public:
  void draw(std::string_view text);
  /// Before anything else is printed.
  void erase();

 private:
  std::size_t drawn_ = 0;  ///< columns
};

}  // namespace schemagate
