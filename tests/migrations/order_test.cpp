#include "migrations/order.hpp"

#include <doctest/doctest.h>

#include <array>
#include <span>
#include <string>

namespace schemagate {
namespace {

struct Pair {
  const char* first;  ///< by bytes
  const char* second;
  bool otherwise;  ///< first.localeCompare(second) > 0
};

// Asked of Node.js 20: `node -e "[a, b].sort((x, y) => x.localeCompare(y))"`.
constexpr std::array ascii{Pair{"20240101-a", "20240101_b", true},
                           Pair{"20240101A", "20240101_b", true},
                           Pair{"20240101_a", "20240101a", false},
                           Pair{"9", "A_up", false},
                           Pair{"10", "9", false},
                           Pair{"-dash", "10", false},
                           Pair{"A_up", "a_low", true},
                           Pair{"B_up", "a_low", true},
                           Pair{"Z", "_under", true},
                           Pair{"_under", "a_low", false},
                           Pair{"10", "_under", true},
                           Pair{"A", "Aa", false},
                           Pair{"Ab", "aa", true},
                           Pair{"Aa", "ab", false},
                           Pair{"AB", "Ab", true},
                           Pair{"Ab", "aB", true},
                           Pair{"A", "a", true},
                           Pair{"2_add", "2_add_user", false},
                           Pair{"2_add-x", "2_add_user", true},
                           Pair{"20240101_init", "20240102_init", false},
                           Pair{"20240101_B", "20240101_a", true},
                           Pair{"a b", "a_b", false},
                           Pair{"a.b", "a_b", true},
                           Pair{"a+b", "a-b", true},
                           Pair{"a$", "a1", false},
                           Pair{"a1", "a_1", true},
                           Pair{"A", "A", false}};
constexpr std::array beyond_ascii{Pair{"z z", "é", true},    Pair{"Az", "aé", true}, Pair{"A中", "az", true},
                                  Pair{"A中", "a中", true},  Pair{"Zé", "aé", true}, Pair{"ab", "äa", true},
                                  Pair{"A", "a\u00ad", true}};

/// Those of the pairs that are not known for what they are, for the report; empty when all are.
std::string mistaken(std::span<const Pair> pairs) {
  std::string result;
  for (const auto& [first, second, otherwise] : pairs)
    if (ordered_otherwise(first, second) != otherwise || std::string{first} > second)
      result.append(first).append(" ").append(second).append("\n");
  return result;
}

TEST_SUITE("order") {
  TEST_CASE("of ASCII names it is known how JavaScript orders them") { CHECK(mistaken(ascii) == ""); }

  TEST_CASE("of other names those that JavaScript orders otherwise are all found") {
    CHECK(mistaken(beyond_ascii) == "");
  }

  TEST_CASE("a difference of ASCII characters decides, whatever follows it") {
    CHECK_FALSE(ordered_otherwise("20240101_é", "20240102_a"));
    CHECK_FALSE(ordered_otherwise("é1", "é2"));
    CHECK_FALSE(ordered_otherwise("1_中", "1_中_b"));
  }
}

}  // namespace
}  // namespace schemagate
