#include "check/glob.hpp"

#include <algorithm>

namespace schemagate {
namespace {

/// The first character and its length; a byte that is not UTF-8 counts as one, as in Go.
std::pair<char32_t, std::size_t> character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0xc0 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  if (length == 1 || length > text.size()) return {byte(0), 1};
  char32_t value = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) value = (value << 6U) | (byte(i) & 0x3fU);
  return {value, length};
}

char32_t take(std::string_view& rest) {
  const auto [value, length] = character(rest);
  rest.remove_prefix(length);
  return value;
}

/// One end of a range; nothing where filepath.Match finds none.
std::optional<char32_t> range_end(std::string_view& rest) {
  if (rest.empty() || rest[0] == '-' || rest[0] == ']') return std::nullopt;
  if (rest[0] == '\\') rest.remove_prefix(1);
  if (rest.empty()) return std::nullopt;
  return take(rest);
}

/// Behind the `[`: the class without its brackets, and what follows it; false for one that Docker refuses.
bool read_class(std::string_view& rest, bool& negated, std::vector<std::pair<char32_t, char32_t>>& ranges) {
  negated = rest.starts_with('^');
  if (negated) rest.remove_prefix(1);
  while (!rest.starts_with(']') || ranges.empty()) {
    const auto low = range_end(rest);
    if (!low || rest.empty()) return false;
    std::optional<char32_t> high = low;
    if (rest[0] == '-') {
      rest.remove_prefix(1);
      high = range_end(rest);
    }
    if (!high || rest.empty() || *high < *low) return false;
    ranges.emplace_back(*low, *high);
  }
  rest.remove_prefix(1);
  return true;
}

bool is_sound(std::string_view rest) {
  while (!rest.empty()) {
    const char c = rest[0];
    rest.remove_prefix(1);
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;
    if (c == '[' && !read_class(rest, negated, ranges)) return false;
    if (c == '\\' && rest.empty()) return false;
    if (c == '\\') rest.remove_prefix(1);
  }
  return true;
}

}  // namespace

std::optional<Glob> Glob::read(const std::string& pattern) {
  if (!is_sound(pattern)) return std::nullopt;
  Glob glob;
  glob.compile(pattern);
  return glob;
}

/// A pattern of letters and one `**` at an end is compared as text, which is not the same: `**sql` is any name that
/// ends so, `**sq?` only a whole name.
void Glob::compile(std::string_view pattern) {
  text_ = pattern;
  for (std::string_view rest = pattern; !rest.empty();) {
    const char c = rest[0];
    rest.remove_prefix(1);
    if (c == '*')
      add_stars(rest, rest.size() + 1 == pattern.size());
    else
      add_character(c, rest);
  }
}

void Glob::add_character(char c, std::string_view& rest) {
  if (c == '?' || c == '[' || c == ']' || c == '\\') shape_ = Shape::pieces;
  if (c == '?') return add(Kind::any);
  if (c == '[') return add_class(rest);
  // A caret is left to the regular expression, where it is the start.
  if (c == '^') return add(Kind::start);
  if (c == '\\') {
    c = rest[0];
    rest.remove_prefix(1);
  }
  pieces_.push_back({Kind::letter, c, false, {}});
}

void Glob::add_stars(std::string_view& rest, bool first) {
  if (!rest.starts_with('*')) {
    shape_ = Shape::pieces;
    return add(Kind::some);
  }
  rest.remove_prefix(rest.starts_with("*/") ? 2 : 1);
  const bool plain = shape_ == Shape::exact;
  if (rest.empty()) {
    shape_ = plain ? Shape::prefix : Shape::pieces;
    add(Kind::all);
  } else {
    shape_ = Shape::pieces;
    add(Kind::folders);
  }
  if (shape_ == Shape::prefix) text_.resize(text_.rfind("**"));
  if (!first) return;
  shape_ = Shape::suffix;
  if (text_.starts_with("**")) text_.erase(0, 2);
}

void Glob::add_class(std::string_view& rest) {
  Piece piece{Kind::one_of, 0, false, {}};
  read_class(rest, piece.negated, piece.ranges);
  pieces_.push_back(std::move(piece));
}

bool Glob::matches(std::string_view path) const {
  switch (shape_) {
    case Shape::exact:
      return path == text_;
    case Shape::prefix:
      return path.starts_with(text_);
    case Shape::suffix:
      return path.ends_with(text_) || (text_.starts_with('/') && path == std::string_view{text_}.substr(1));
    case Shape::pieces:
      return fit(pieces_.data(), pieces_.data() + pieces_.size(), path, true);
  }
  return false;
}

/// Length of what a piece that stands for one character takes; 0 when it does not fit.
std::size_t Glob::taken(const Piece& piece, std::string_view rest) {
  if (rest.empty()) return 0;
  if (piece.kind == Kind::letter) return rest[0] == piece.letter ? 1 : 0;
  const auto [value, length] = character(rest);
  if (piece.kind == Kind::any) return value == '/' ? 0 : length;
  const auto holds = [c = value](const auto& range) { return range.first <= c && c <= range.second; };
  return std::ranges::any_of(piece.ranges, holds) != piece.negated ? length : 0;
}

bool Glob::fit(const Piece* piece, const Piece* end, std::string_view rest, bool at_start) {
  if (piece == end) return rest.empty();
  if (piece->kind == Kind::start) return at_start && fit(piece + 1, end, rest, true);
  if (piece->kind == Kind::some || piece->kind == Kind::all || piece->kind == Kind::folders)
    return fit_span(piece, end, rest, at_start);
  const std::size_t length = taken(*piece, rest);
  return length > 0 && fit(piece + 1, end, rest.substr(length), false);
}

/// `*`, `.*` and `(.*/)?` of the regular expression, whose `.` is no line end.
bool Glob::fit_span(const Piece* piece, const Piece* end, std::string_view rest, bool at_start) {
  const char stop = piece->kind == Kind::some ? '/' : '\n';
  const bool whole = piece->kind == Kind::folders;
  for (std::size_t length = 0; length <= rest.size(); ++length) {
    if (length > 0 && rest[length - 1] == stop) return false;
    const bool complete = !whole || length == 0 || rest[length - 1] == '/';
    if (complete && fit(piece + 1, end, rest.substr(length), at_start && length == 0)) return true;
  }
  return false;
}

}  // namespace schemagate
