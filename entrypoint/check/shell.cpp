#include "check/shell.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "text.hpp"

namespace schemagate {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// On one line, for bash, zsh and POSIX.1-2024.
std::string escaped(const std::string& path) {
  std::string result = "$'";
  for (const char c : path) {
    if (is_control(c))
      result += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      result += c == '\'' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  }
  return result + "'";
}

}  // namespace

std::string quoted(const std::string& path) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || contains("/._-+:@%", c);
  };
  if (!path.empty() && std::ranges::all_of(path, is_plain)) return path;
  if (std::ranges::any_of(path, is_control)) return escaped(path);
  std::string result = "'";
  for (const char c : path) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

}  // namespace schemagate
