#include "check/shell.hpp"

#include <algorithm>

#include "text.hpp"

namespace schemagate {

std::string quoted(const std::string& path) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || contains("/._-+:@%", c);
  };
  if (!path.empty() && std::ranges::all_of(path, is_plain)) return path;
  std::string result = "'";
  for (const char c : path) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

}  // namespace schemagate
