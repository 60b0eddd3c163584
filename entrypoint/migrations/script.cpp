#include "migrations/script.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

struct Statement {
  std::size_t begin = 0;  ///< of its first word
  std::size_t end = 0;    ///< behind its `;`
  Kind kind = Kind::ordinary;
};

struct Reading {
  std::vector<Statement> statements;
  bool complete = true;
};

/// Where a `;` does not end a statement: in parentheses (CREATE RULE), and in the BEGIN ATOMIC … END of a function.
class Nesting {
 public:
  void enter(const std::string& word) {
    if (word == "(") ++parentheses_;
    if (word == ")") --parentheses_;
    if (count_ == 0) creates_ = word == "CREATE";
    if (count_ < 4 && (word == "FUNCTION" || word == "PROCEDURE")) routine_ = creates_;
    if (routine_ && word == "ATOMIC" && previous_ == "BEGIN") atomic_ = true;
    // Any other END, of a CASE or as a label, has something of its statement before it.
    if (word == "END" && (previous_ == ";" || previous_ == "ATOMIC")) atomic_ = false;
    previous_ = word;
    ++count_;
  }
  [[nodiscard]] bool outside() const { return parentheses_ <= 0 && !atomic_; }

 private:
  int parentheses_ = 0;
  std::size_t count_ = 0;
  bool creates_ = false;
  bool routine_ = false;
  bool atomic_ = false;
  std::string previous_;
};

/// A keyword in capitals, or the first letter of anything else.
std::string word_of(const Token& token, std::string_view text) {
  if (token.keyword) return capitals(text);
  return std::string{text.substr(0, 1)};
}

// Statements that begin otherwise are ordinary, and may be long.
constexpr auto telling =
    std::to_array<std::string_view>({"ABORT", "ALTER", "BEGIN", "CALL", "CLUSTER", "COMMIT", "CREATE", "DISCARD", "DO",
                                     "DROP", "END", "PREPARE", "REINDEX", "ROLLBACK", "SET", "START", "VACUUM"});

/// Collects statements from tokens.
class Splitter {
 public:
  explicit Splitter(std::string_view script) : script_{script} {}

  void add(const Token& token) {
    const std::string_view text = script_.substr(token.begin, token.end - token.begin);
    if (text == ";" && nesting_.outside()) return end(token.end);
    const std::string word = word_of(token, text);
    if (!open_) {
      begin_ = token.begin;
      open_ = true;
      telling_ = std::ranges::find(telling, word) != telling.end();
    }
    nesting_.enter(word);
  }

  /// An empty statement is none.
  void end(std::size_t at) {
    if (open_) statements_.push_back({.begin = begin_, .end = at, .kind = kind(at)});
    open_ = false;
    nesting_ = {};
  }

  [[nodiscard]] std::vector<Statement> statements() { return std::move(statements_); }

 private:
  [[nodiscard]] Kind kind(std::size_t end) const {
    return telling_ ? understand(script_.substr(begin_, end - begin_)).kind : Kind::ordinary;
  }

  std::string_view script_;
  std::size_t begin_ = 0;
  bool open_ = false;
  bool telling_ = false;
  Nesting nesting_;
  std::vector<Statement> statements_;
};

Reading read(std::string_view script) {
  Lexer lexer{script};
  Splitter splitter{script};
  while (const auto token = lexer.next()) splitter.add(*token);
  splitter.end(script.size());
  return {.statements = splitter.statements(), .complete = !lexer.failed()};
}

bool has(const Reading& reading, Kind kind) {
  return std::ranges::find(reading.statements, kind, &Statement::kind) != reading.statements.end();
}

/// Where each part is read on its own, the server reads the later ones as the earlier have set it.
bool is_readable(const Reading& reading) {
  return reading.complete && !(has(reading, Kind::outside) && has(reading, Kind::dialect));
}

Mode mode_of(const Reading& reading) {
  if (!is_readable(reading) || has(reading, Kind::boundary)) return Mode::own;
  const bool only = reading.statements.size() == 1 && reading.statements[0].kind == Kind::perhaps;
  return only || has(reading, Kind::outside) ? Mode::segments : Mode::transactional;
}

/// How fine a script is taken apart; each does what the ones before it do.
enum class Grain { outside, value, perhaps };

bool is_alone(const Statement& statement, const Reading& reading, Grain grain) {
  const bool perhaps = grain == Grain::perhaps || reading.statements.size() == 1;
  return statement.kind == Kind::outside || (statement.kind == Kind::perhaps && perhaps);
}

std::vector<Segment> divide(const Reading& reading, std::size_t size, Grain grain) {
  std::vector<Segment> result;
  bool open = false;
  for (const Statement& statement : reading.statements) {
    const bool alone = is_alone(statement, reading, grain);
    if (!open || alone) result.push_back({.begin = result.empty() ? 0 : result.back().end, .end = 0, .alone = alone});
    result.back().end = statement.end;
    open = !alone && !(grain != Grain::outside && statement.kind == Kind::value);
  }
  if (result.empty()) result.push_back({});
  result.back().end = size;
  return result;
}

std::vector<Segment> segments(std::string_view script, Grain grain) {
  const Reading reading = read(script);
  const bool whole = mode_of(reading) == Mode::own || (grain != Grain::outside && has(reading, Kind::dialect));
  if (whole) return {{.begin = 0, .end = script.size()}};
  return divide(reading, script.size(), grain);
}

}  // namespace

Mode classify(std::string_view script) { return mode_of(read(script)); }

bool readable(std::string_view script) { return is_readable(read(script)); }

std::vector<Segment> segments(std::string_view script) { return segments(script, Grain::outside); }
std::vector<Segment> segments_by_value(std::string_view script) { return segments(script, Grain::value); }
std::vector<Segment> segments_apart(std::string_view script) { return segments(script, Grain::perhaps); }

std::vector<Stretch> statements(std::string_view script) {
  std::vector<Stretch> result;
  for (const Statement& statement : read(script).statements) result.push_back({statement.begin, statement.end});
  return result;
}

}  // namespace schemagate
