#pragma once

#include <optional>
#include <vector>

#include "check/facts.hpp"
#include "check/issue.hpp"
#include "check/landing.hpp"

namespace schemagate {

/// What the Dockerfile does with the folder, in the build context for which that is best.
struct Shipped {
  const Context* context = nullptr;
  Landed landed;
};
/// Nothing without a Dockerfile, or when the folder is in no context.
[[nodiscard]] std::optional<Shipped> shipped(const Recipe& recipe);

/// Whether the build context has every file and the image gets them.
[[nodiscard]] std::vector<Issue> left_behind(const Evidence& facts);

}  // namespace schemagate
