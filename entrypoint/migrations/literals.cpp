#include "migrations/literals.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "mask.hpp"
#include "migrations/lexer.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view hidden = "'…'";
constexpr std::string_view password = "PASSWORD";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `'…'`, with E, B, X, N or U& before it, `$$…$$`, and numbers; `$1` is none.
bool is_constant(std::string_view token) {
  if (token.starts_with('\'') || is_digit(token.front())) return true;
  if (token.starts_with('.')) return token.size() > 1 && is_digit(token[1]);
  if (token.starts_with('$')) return token.size() > 1 && !is_digit(token[1]);
  return token.find('\'') <= 2 && !token.starts_with('"');
}

bool continues_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// In quotes it is a name, unless it is the key of a value, as in JSON.
bool is_name(std::string_view before, std::string_view after) {
  if (!before.ends_with('"') || !after.starts_with('"')) return false;
  after.remove_prefix(1);
  after.remove_prefix(std::min(after.find_first_not_of(" \t\r\n"), after.size()));
  return !after.starts_with(':');
}

bool is_word(std::string_view before, std::string_view after) {
  return (before.empty() || !continues_word(before.back())) && (after.empty() || !continues_word(after.front()));
}

/// `detail: Some("Key (a)=(x) already exists.")`; a quote in it is escaped.
std::string without_some(std::string_view line) {
  std::string result;
  for (const std::string_view mark : {"detail: Some(\"", "where_: Some(\""}) {
    const std::size_t at = line.find(mark);
    if (at == std::string_view::npos) continue;
    result.append(line.substr(0, at + mark.size())).append("…");
    std::size_t end = line.find("\")", at + mark.size());
    while (end != std::string_view::npos && line[end - 1] == '\\') end = line.find("\")", end + 1);
    line.remove_prefix(std::min(end, line.size()));
  }
  return result.append(line);
}

bool is_of_data(std::string_view logs) {
  constexpr std::array marks{"SqlState(E22", "SqlState(E23", "error code: 22", "error code: 23"};
  return std::ranges::any_of(marks, [logs](const char* mark) { return logs.find(mark) != std::string_view::npos; });
}

}  // namespace

std::string without_details(std::string_view logs) {
  if (shows_values() || !is_of_data(logs)) return std::string{logs};
  std::string result;
  for (const std::string_view line : split(logs, '\n')) {
    if (line.starts_with("DETAIL:") || line.starts_with("CONTEXT:")) continue;
    result.append(result.empty() ? "" : "\n").append(without_some(line));
  }
  return result;
}

std::string without_literals(std::string_view sql) {
  std::string result;
  std::size_t end = 0;
  Lexer lexer{sql};
  while (const std::optional<Token> token = lexer.next()) {
    const std::string_view text = sql.substr(token->begin, token->end - token->begin);
    if (token->begin > end && !result.empty()) result += ' ';
    result += is_constant(text) ? hidden : text;
    end = token->end;
  }
  if (lexer.failed()) result.append(result.empty() ? "" : " ").append(hidden);
  return result;
}

bool tells_password(std::string_view text) {
  const std::string upper = capitals(text);
  const std::string_view all = upper;
  for (std::size_t at = all.find(password); at != std::string_view::npos; at = all.find(password, at + 1)) {
    const std::string_view before = all.substr(0, at);
    const std::string_view after = all.substr(at + password.size());
    if (is_word(before, after) && !is_name(before, after)) return true;
  }
  return false;
}

}  // namespace schemagate
