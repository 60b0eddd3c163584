#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "check/glob.hpp"

namespace schemagate {

/// The two look into folders that are left out for different reasons, and so differ in what an exception brings back.
enum class Builder : std::uint8_t {
  buildkit,  ///< docker build since 23.0
  classic,   ///< DOCKER_BUILDKIT=0
};

/// A line of a .dockerignore.
struct IgnoreLine {
  std::size_t number = 0;  ///< from 1
  std::string pattern;     ///< cleaned, without its `!`
  bool exception = false;
  Glob glob;
};
using IgnoreFile = std::vector<IgnoreLine>;

/// Docker refuses the whole build for it.
struct BadIgnore : std::runtime_error {
  BadIgnore(std::size_t number, const std::string& what) : std::runtime_error{what}, line{number} {}
  std::size_t line;
};

/// Throws BadIgnore.
[[nodiscard]] IgnoreFile read_ignore(std::string_view text);

/// The number of the line that keeps the file out of the build context; nothing when it is in. `path` is relative to
/// the context. Source: tonistiigi/fsutil filter.go and moby/go-archive archive.go, which walk from the top.
[[nodiscard]] std::optional<std::size_t> left_out(const IgnoreFile& lines, std::string_view path, Builder builder);

}  // namespace schemagate
