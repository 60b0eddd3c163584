#pragma once

#include <cstdio>
#include <cstdlib>

namespace schemagate {

/// A property that holds for every input; libFuzzer keeps the one that breaks it.
inline void require(bool holds, const char* property) {
  if (holds) return;
  (void)std::fprintf(stderr, "broken: %s\n", property);
  std::abort();
}

}  // namespace schemagate
