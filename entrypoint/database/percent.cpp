#include "database/percent.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace schemagate {
namespace {

std::optional<char> byte(std::string_view hex) {
  unsigned char result = 0;
  const auto* const end = hex.data() + hex.size();
  const auto [stop, error] = std::from_chars(hex.data(), end, result, 16);
  return hex.size() == 2 && error == std::errc{} && stop == end ? std::optional{static_cast<char>(result)}
                                                                : std::nullopt;
}

}  // namespace

std::string decode_percent(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto escaped = text.front() == '%' ? byte(text.substr(1, 2)) : std::nullopt;
    result += escaped.value_or(text.front());
    text.remove_prefix(escaped ? 3 : 1);
  }
  return result;
}

std::string decode_query(std::string_view text) {
  std::string spaced{text};
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return decode_percent(spaced);
}

}  // namespace schemagate
