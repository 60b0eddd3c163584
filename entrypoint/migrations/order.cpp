#include "migrations/order.hpp"

#include <algorithm>
#include <string_view>

namespace schemagate {
namespace {

constexpr int unknown_weight = -1;

/// Primary weight in the root collation of CLDR, which localeCompare uses: blank, punctuation, symbols, digits, letters
/// without regard to case. Only for printable ASCII. Source: unicode.org/charts/collation.
int weight(char c) {
  static constexpr std::string_view order = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";
  const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const std::size_t found = order.find(lower);
  return found == std::string_view::npos ? unknown_weight : static_cast<int>(found);
}

}  // namespace

/// The first difference in weight decides, else the shorter name is first, else case: bytes put the upper one first,
/// localeCompare the lower one.
bool ordered_otherwise(const std::string& a, const std::string& b) {
  auto [left, right] = std::ranges::mismatch(a, b);
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    if (weight(*left) == unknown_weight || weight(*right) == unknown_weight) return true;
    if (weight(*left) != weight(*right)) return weight(*left) > weight(*right);
  }
  const auto unknown = [](char c) { return weight(c) == unknown_weight; };
  if (std::any_of(left, a.end(), unknown) || std::any_of(right, b.end(), unknown)) return true;
  return left != a.end() || (right == b.end() && a != b);
}

}  // namespace schemagate
