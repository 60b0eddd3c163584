#include "migrations/body.hpp"

#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

std::string without_doubled(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    result += text[at];
    if (text.substr(at, 2) == "''") ++at;
  }
  return result;
}

}  // namespace

std::string plain_token(std::string_view token) {
  const bool is_quoted = token.size() >= 2 && (token.front() == '"' || token.front() == '\'');
  return capitals(is_quoted ? token.substr(1, token.size() - 2) : token);
}

std::string body_of(std::string_view token) {
  if (token.starts_with('\'') && token.size() >= 2) return without_doubled(token.substr(1, token.size() - 2));
  const std::size_t tag = token.starts_with('$') ? token.find('$', 1) : std::string_view::npos;
  if (tag == std::string_view::npos || token.size() < 2 * (tag + 1)) return {};
  return std::string{token.substr(tag + 1, token.size() - 2 * (tag + 1))};
}

}  // namespace schemagate
