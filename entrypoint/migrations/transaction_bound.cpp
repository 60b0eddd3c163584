#include "migrations/transaction_bound.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "migrations/body.hpp"
#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

/// In capitals; names and constants without their quotes.
using Tokens = std::vector<std::string>;

// A VALUES list may have millions, and says nothing here.
constexpr std::size_t most_tokens = 5000;

Tokens tokens_of(std::string_view text) {
  Tokens tokens;
  Lexer lexer{text};
  while (const std::optional<Token> token = lexer.next()) {
    if (tokens.size() == most_tokens) break;
    tokens.push_back(plain_token(text.substr(token->begin, token->end - token->begin)));
  }
  return tokens;
}

bool is_at(const Tokens& tokens, std::size_t at, std::initializer_list<std::string_view> words) {
  return tokens.size() - at >= words.size() &&
         std::equal(words.begin(), words.end(), tokens.begin() + static_cast<std::ptrdiff_t>(at));
}

bool has(const Tokens& tokens, std::initializer_list<std::string_view> words) {
  for (std::size_t at = 0; at < tokens.size(); ++at)
    if (is_at(tokens, at, words)) return true;
  return false;
}

/// By its first words.
std::string_view by_command(const Tokens& tokens) {
  if (is_at(tokens, 0, {"SET", "LOCAL"})) return "SET LOCAL";
  if (is_at(tokens, 0, {"SET", "TRANSACTION"})) return "SET TRANSACTION";
  if (is_at(tokens, 0, {"SET", "CONSTRAINTS"})) return "SET CONSTRAINTS";
  if (is_at(tokens, 0, {"SET", "NAMES"}) || is_at(tokens, 0, {"SET", "CLIENT_ENCODING"}) ||
      is_at(tokens, 0, {"SET", "SESSION", "CLIENT_ENCODING"}))
    return "SET client_encoding";
  if (is_at(tokens, 0, {"SAVEPOINT"}) || is_at(tokens, 0, {"RELEASE"}) || is_at(tokens, 0, {"ROLLBACK"}))
    return "SAVEPOINT";
  if (is_at(tokens, 0, {"LOCK"})) return "LOCK";
  if (is_at(tokens, 0, {"DECLARE"}) && !has(tokens, {"WITH", "HOLD"})) return "a cursor without HOLD";
  return {};
}

/// CREATE POLICY … FOR UPDATE locks nothing.
bool locks_rows(const Tokens& tokens) {
  constexpr std::array<std::string_view, 9> readers{"SELECT", "WITH",   "VALUES", "TABLE",  "INSERT",
                                                    "UPDATE", "DELETE", "MERGE",  "EXPLAIN"};
  if (tokens.empty() || std::ranges::find(readers, tokens[0]) == readers.end()) return false;
  return has(tokens, {"FOR", "UPDATE"}) || has(tokens, {"FOR", "SHARE"}) ||
         has(tokens, {"FOR", "NO", "KEY", "UPDATE"}) || has(tokens, {"FOR", "KEY", "SHARE"});
}

/// Whether the third argument of the set_config( at `at` is anything but false.
bool is_local_setting(const Tokens& tokens, std::size_t at) {
  int depth = 0;
  std::size_t commas = 0;
  for (std::size_t i = at + 1; i < tokens.size(); ++i) {
    if (tokens[i] == "(") ++depth;
    if (tokens[i] == ")" && --depth == 0) return true;
    if (tokens[i] == "," && depth == 1 && ++commas == 2)
      return !(i + 2 < tokens.size() && (tokens[i + 1] == "FALSE" || tokens[i + 1] == "F") && tokens[i + 2] == ")");
  }
  return true;
}

std::string_view by_call(const Tokens& tokens) {
  for (std::size_t at = 0; at + 1 < tokens.size(); ++at) {
    const std::string_view name = tokens[at];
    if (tokens[at + 1] != "(") continue;
    if (name == "SET_CONFIG" && is_local_setting(tokens, at)) return "set_config() for the transaction";
    if (name.starts_with("PG_ADVISORY_XACT_") || name.starts_with("PG_TRY_ADVISORY_XACT_"))
      return "an advisory lock of the transaction";
    if (name == "PG_EXPORT_SNAPSHOT") return "pg_export_snapshot()";
  }
  return {};
}

std::string_view anywhere(const Tokens& tokens) {
  if (has(tokens, {"ON", "COMMIT", "DROP"}) || has(tokens, {"ON", "COMMIT", "DELETE"})) return "ON COMMIT";
  if (has(tokens, {"INITIALLY", "DEFERRED"})) return initially_deferred;
  if (locks_rows(tokens)) return "FOR UPDATE";
  return by_call(tokens);
}

/// What is inside a block may outlast it.
std::string_view in_block(const Tokens& tokens) {
  if (has(tokens, {"SET", "LOCAL"})) return "SET LOCAL";
  if (has(tokens, {"SET", "CONSTRAINTS"})) return "SET CONSTRAINTS";
  if (has(tokens, {"LOCK", "TABLE"})) return "LOCK";
  return anywhere(tokens);
}

/// The text of a block is one of its constants.
std::string_view by_body(std::string_view statement) {
  Lexer lexer{statement};
  while (const std::optional<Token> token = lexer.next()) {
    const std::string body = body_of(statement.substr(token->begin, token->end - token->begin));
    if (const std::string_view found = in_block(tokens_of(body)); !found.empty()) return found;
  }
  return {};
}

}  // namespace

std::string_view transaction_bound(std::string_view statement) {
  const Tokens tokens = tokens_of(statement);
  if (tokens.empty()) return {};
  if (tokens[0] == "DO") return by_body(statement);
  if (const std::string_view command = by_command(tokens); !command.empty()) return command;
  // What a routine does when it is called is not seen here.
  const Tokens first{tokens.begin(),
                     tokens.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(tokens.size(), 4))};
  return has(first, {"FUNCTION"}) || has(first, {"PROCEDURE"}) ? std::string_view{} : anywhere(tokens);
}

}  // namespace schemagate
