#include "migrations/settings.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

/// The first two words tell.
bool is_lasting(const std::vector<std::string>& words) {
  if (words.empty()) return false;
  if (words[0] == "RESET") return true;
  if (words[0] != "SET" || words.size() < 2) return false;
  return words[1] != "LOCAL" && words[1] != "TRANSACTION" && words[1] != "CONSTRAINTS";
}

}  // namespace

std::string session_settings(std::string_view script) {
  std::string result;
  std::vector<std::string> words;
  std::size_t begin = 0;
  const auto end = [&](std::size_t at) {
    if (is_lasting(words)) result.append(script.substr(begin, at - begin)).append(";\n");
    words.clear();
  };
  Lexer lexer{script};
  while (const std::optional<Token> token = lexer.next()) {
    const std::string_view text = script.substr(token->begin, token->end - token->begin);
    if (text == ";") {
      end(token->begin);
      continue;
    }
    if (words.empty()) begin = token->begin;
    if (words.size() < 2) words.push_back(capitals(text));
  }
  end(script.size());
  return result;
}

bool sets_lock_timeout(std::string_view script) {
  constexpr std::string_view name = "LOCK_TIMEOUT";
  const std::string text = capitals(script);
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
    if (!std::string_view{text}.substr(0, at).ends_with("DEAD")) return true;
  return false;
}

}  // namespace schemagate
