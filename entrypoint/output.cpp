#include "output.hpp"

#include <cstdio>
#include <string>

#include "mask.hpp"

namespace schemagate {

void print(std::string_view text) {
  const std::string shown = masked(text);
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  std::fflush(stdout);
}

}  // namespace schemagate
