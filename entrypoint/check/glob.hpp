#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace schemagate {

/// A pattern of a .dockerignore, as Docker's builders understand it: Go's filepath.Match and `**`, made into a regular
/// expression unless it is a plain text. Source: github.com/moby/patternmatcher, patternmatcher.go.
class Glob {
 public:
  /// Nothing for a pattern that Docker refuses.
  [[nodiscard]] static std::optional<Glob> read(const std::string& pattern);

  [[nodiscard]] bool matches(std::string_view path) const;

 private:
  enum class Kind : std::uint8_t { letter, any, some, folders, all, one_of, start };
  struct Piece {
    Kind kind = Kind::letter;
    char letter = 0;
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;
  };
  enum class Shape : std::uint8_t { exact, prefix, suffix, pieces };
  using Pieces = std::vector<Piece>;

  void compile(std::string_view pattern);
  void add_character(char c, std::string_view& rest);
  void add_stars(std::string_view& rest, bool first);
  void add_class(std::string_view& rest);
  void add(Kind kind) { pieces_.push_back({kind, 0, false, {}}); }
  static bool fit(const Piece* piece, const Piece* end, std::string_view rest, bool at_start);
  static bool fit_span(const Piece* piece, const Piece* end, std::string_view rest, bool at_start);
  static std::size_t taken(const Piece& piece, std::string_view rest);

  std::string text_;  ///< of a plain pattern, without its `**`
  Shape shape_ = Shape::exact;
  Pieces pieces_;
};

}  // namespace schemagate
