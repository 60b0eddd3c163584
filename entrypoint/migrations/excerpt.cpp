#include "migrations/excerpt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "mask.hpp"
#include "migrations/lexer.hpp"
#include "migrations/literals.hpp"
#include "migrations/script.hpp"

namespace schemagate {
namespace {

constexpr std::size_t shown_before = 2;
constexpr std::size_t shown_width = 120;

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

/// Bytes of the first `count` characters.
std::size_t bytes(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at)
    if (begins_character(text[at]) && count-- == 0) break;
  return at;
}

std::string_view line_at(std::string_view script, std::size_t begin) {
  std::string_view line = script.substr(begin, script.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// A window of a long line around the column, and the column inside it.
std::string window(std::string_view line, std::size_t& column) {
  if (characters(line) <= shown_width) return std::string{line};
  const std::size_t first = column > shown_width / 2 ? column - shown_width / 2 : 0;
  const std::size_t begin = bytes(line, first);
  column -= first;
  return std::string{line.substr(begin, bytes(line.substr(begin), shown_width))};
}

std::string caret(std::string_view before) {
  std::string blanks;
  for (const char c : before)
    if (begins_character(c)) blanks += c == '\t' ? '\t' : ' ';
  return blanks + "^";
}

std::string_view statement_at(std::string_view script, std::size_t at) {
  const Script read{script};
  for (const Statement& statement : read.statements())
    if (at >= statement.begin && at <= statement.end) return read.text_of(statement);
  return {};
}

/// The lines that would be shown, or the whole statement.
bool is_confidential(std::string_view script, std::size_t first, std::size_t at) {
  if (shows_values()) return false;
  const std::size_t end = std::min(script.find('\n', at), script.size());
  return tells_password(script.substr(first, end - first)) || tells_password(statement_at(script, at));
}

}  // namespace

std::string_view statement_of(std::string_view script, std::size_t position) {
  return position == 0 ? std::string_view{} : statement_at(script, bytes(script, position - 1));
}

Excerpt excerpt(std::string_view script, std::size_t position) {
  std::size_t at = std::min(bytes(script, position == 0 ? 0 : position - 1), script.size());
  // "at end of input" is shown behind the last text, not on an empty line after it.
  while (at == script.size() && at > 0 && (script[at - 1] == '\n' || script[at - 1] == '\r'))
    script.remove_suffix(1), --at;

  std::vector<std::size_t> begins{0};
  for (std::size_t i = 0; i < at; ++i)
    if (script[i] == '\n') begins.push_back(i + 1);
  const std::string_view line = line_at(script, begins.back());
  const std::size_t column = characters(script.substr(begins.back(), at - begins.back()));

  Excerpt result{.line = begins.size(), .column = column + 1, .lines = {}};
  if (is_confidential(script, begins.size() > shown_before ? begins[begins.size() - 1 - shown_before] : 0, at)) {
    result.lines = "(not shown: a password may stand there; --show-values shows it)";
    return result;
  }
  for (std::size_t i = begins.size() - std::min(begins.size(), shown_before + 1); i + 1 < begins.size(); ++i) {
    const std::string_view before = line_at(script, begins[i]);
    result.lines += fmt::format("{:>4} | {}\n", i + 1, before.substr(0, bytes(before, shown_width)));
  }
  std::size_t shown_column = column;
  const std::string shown = window(line, shown_column);
  result.lines += fmt::format("{:>4} | {}\n     | {}", begins.size(), shown,
                              caret(std::string_view{shown}.substr(0, bytes(shown, shown_column))));
  return result;
}

std::size_t line_of(const Migration& migration, std::size_t offset) {
  const std::string_view before = std::string_view{migration.script}.substr(0, offset);
  return 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
}

std::string line_behind(const Migration& migration, std::size_t offset) {
  const std::string_view script = migration.script;
  offset = std::min(offset, script.size());
  const std::string_view before = script.substr(0, offset + blanks(script.substr(offset)));
  return fmt::format("{}:{}", migration.file, 1 + std::ranges::count(before, '\n'));
}

}  // namespace schemagate
