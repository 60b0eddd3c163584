#pragma once

#include <vector>

#include "check/facts.hpp"
#include "check/issue.hpp"
#include "check/landing.hpp"

namespace schemagate {

/// What the Dockerfile does with the folder in a build context.
struct Shipped {
  const Context* context = nullptr;
  Landed landed;
};
/// The contexts for which that is best: one when it was named. None without a Dockerfile, or when the folder is in
/// none.
[[nodiscard]] std::vector<Shipped> shipped(const Recipe& recipe);

/// Whether the build context has every file and the image gets them.
[[nodiscard]] std::vector<Issue> left_behind(const Evidence& facts);

}  // namespace schemagate
