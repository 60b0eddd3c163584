#include "migrations/lock_timeout.hpp"

#include <array>
#include <optional>
#include <string>

#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

constexpr std::string_view name = "LOCK_TIMEOUT";

/// A name or a constant in capitals and without its quotes.
std::string plain(std::string_view token) {
  const bool is_quoted = token.size() >= 2 && (token.front() == '"' || token.front() == '\'');
  return capitals(is_quoted ? token.substr(1, token.size() - 2) : token);
}

std::string without_doubled(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    result += text[at];
    if (text.substr(at, 2) == "''") ++at;
  }
  return result;
}

/// What a `$$…$$` or `'…'` says; empty for anything else.
std::string body_of(std::string_view token) {
  if (token.starts_with('\'') && token.size() >= 2) return without_doubled(token.substr(1, token.size() - 2));
  const std::size_t tag = token.starts_with('$') ? token.find('$', 1) : std::string_view::npos;
  if (tag == std::string_view::npos || token.size() < 2 * (tag + 1)) return {};
  return std::string{token.substr(tag + 1, token.size() - 2 * (tag + 1))};
}

/// The last words before a token, the nearest first.
using Before = std::array<std::string, 3>;

bool is_set(const std::string& token, const Before& before) {
  if (token != name) return false;
  return before[0] == "SET" || (before[1] == "SET" && (before[0] == "LOCAL" || before[0] == "SESSION"));
}

bool is_configured(const std::string& token, const Before& before) {
  return token == name && before[0] == "(" && before[1] == "SET_CONFIG";
}

/// A definition's own clauses do not count, and only a block has other statements inside.
bool sets(std::string_view text, bool is_definition, bool is_block) {
  if (capitals(text).find(name) == std::string::npos) return false;
  Before before;
  Lexer lexer{text};
  while (const std::optional<Token> token = lexer.next()) {
    const std::string_view written = text.substr(token->begin, token->end - token->begin);
    const std::string word = plain(written);
    if (is_configured(word, before) || (!is_definition && is_set(word, before))) return true;
    if (is_block && sets(body_of(written), false, true)) return true;
    before = {word, before[0], before[1]};
  }
  return false;
}

}  // namespace

bool sets_lock_timeout(std::string_view statement) {
  Lexer lexer{statement, 4096};
  const std::optional<Token> first = lexer.next();
  if (!first) return false;
  const std::string word = capitals(statement.substr(first->begin, first->end - first->begin));
  return sets(statement, word == "ALTER" || word == "CREATE", word == "DO");
}

}  // namespace schemagate
