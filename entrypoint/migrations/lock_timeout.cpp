#include "migrations/lock_timeout.hpp"

#include <array>
#include <optional>
#include <string>

#include "migrations/body.hpp"
#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

constexpr std::string_view name = "LOCK_TIMEOUT";

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
    const std::string word = plain_token(written);
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
