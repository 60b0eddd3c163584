#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace schemagate {

struct Word {
  std::string text;
  std::string keyword;  ///< in capitals; empty when it is none
  bool reserved = false;
};

using KeywordList = std::initializer_list<std::string_view>;
/// Names in capitals; values too, and without quotes.
using OptionMap = std::map<std::string, std::string>;

/// The words of a statement or a part of one, read from left to right. Comments are none.
class Words {
 public:
  /// Of the first statement of a text, as far as anything here reads.
  explicit Words(std::string_view statement);

  /// All of them or none.
  bool skip(KeywordList keywords);
  /// One that an older lexer takes for a name.
  bool skip_word(std::string_view word);
  bool skip_mark(std::string_view mark);
  /// `IF EXISTS`, `IF NOT EXISTS`.
  bool skip_condition();
  /// Past the next word; false at the end.
  bool next();
  /// Past the keyword, wherever it is; at the end without it.
  void skip_past(std::string_view keyword);

  /// Qualified, as written but for blanks and comments; empty when there is none.
  std::string name();
  /// `a`, `ONLY a`, `ONLY (a)`, `a *`.
  std::string relation();
  /// In parentheses: `(verbose, concurrently off, slot_name = NONE)`.
  OptionMap options();
  /// Those behind the next WITH.
  OptionMap options_with();
  /// What is left, cut at the commas outside parentheses.
  [[nodiscard]] std::vector<Words> items() const;
  /// What is in the parentheses that begin here, likewise; moves past them.
  std::vector<Words> group();
  /// Up to the next of the marks or keywords outside parentheses, not past it.
  Words until(KeywordList ends);

  [[nodiscard]] bool ended() const { return at_ >= words_.size(); }
  /// More words than are kept.
  [[nodiscard]] bool cut() const { return cut_; }
  /// Of the next word, in capitals; empty at the end.
  [[nodiscard]] std::string peek() const;
  /// In capitals, without quotes.
  [[nodiscard]] std::string last() const;
  [[nodiscard]] bool has(std::string_view keyword) const;
  /// From here on and outside parentheses.
  [[nodiscard]] bool ahead(std::string_view keyword) const;
  /// The literals and names that are left, in capitals.
  [[nodiscard]] std::string rest() const;
  /// All that is left, as written, one blank between two words.
  [[nodiscard]] std::string text() const;
  /// Names of what is called from here on: followed by a parenthesis, and not keywords.
  [[nodiscard]] std::vector<std::string> calls() const;

 private:
  explicit Words(std::vector<Word> words) : words_{std::move(words)} {}
  std::string part();
  [[nodiscard]] static std::vector<Words> split(const std::vector<Word>& words);
  [[nodiscard]] std::size_t closing(std::size_t open) const;

  std::vector<Word> words_;
  std::size_t at_ = 0;
  bool cut_ = false;
};

}  // namespace schemagate
