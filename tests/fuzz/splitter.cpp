// Any bytes as a script.

#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/properties.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  schemagate::check_script(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
