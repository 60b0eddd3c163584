// Prints where the script on stdin is cut: begin, end and whether alone, in bytes.

#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <string>

#include "migrations/script.hpp"

int main() {
  const std::string script{std::istreambuf_iterator<char>{std::cin}, {}};
  for (const schemagate::Segment& segment : schemagate::Script{script}.segments())
    std::cout << fmt::format("{} {} {}\n", segment.begin, segment.end, segment.alone ? 1 : 0);
  return std::cout.good() ? 0 : 1;
}
