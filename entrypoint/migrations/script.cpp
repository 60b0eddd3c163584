#include "migrations/script.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "migrations/lexer.hpp"
#include "migrations/lock_timeout.hpp"
#include "migrations/transaction_bound.hpp"

namespace schemagate {
namespace {

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

constexpr auto writing = std::to_array<std::string_view>(
    {"CALL", "COPY", "DELETE", "DO", "EXECUTE", "INSERT", "MERGE", "SELECT", "UPDATE", "WITH"});

/// As it is written, with its quotes.
std::string first_constant(std::string_view statement) {
  Lexer lexer{statement};
  while (const std::optional<Token> token = lexer.next())
    if (statement[token->begin] == '\'') return std::string{statement.substr(token->begin, token->end - token->begin)};
  return {};
}

// What DISCARD ALL does to settings, as its documentation spells it out: it would take the migration lock with it.
constexpr std::string_view discarded = "SET SESSION AUTHORIZATION DEFAULT;\nRESET ALL;\n";

/// The first two words tell.
bool is_lasting(std::string_view first, std::string_view second) {
  if (first == "RESET" || (first == "DISCARD" && second == "ALL")) return true;
  return first == "SET" && !second.empty() && second != "LOCAL" && second != "TRANSACTION" && second != "CONSTRAINTS";
}

/// Collects statements from tokens.
class Splitter {
 public:
  explicit Splitter(std::string_view script) : script_{script} {}

  void add(const Token& token) {
    const std::string_view text = script_.substr(token.begin, token.end - token.begin);
    if (text == ";" && nesting_.outside()) return end(token.end);
    const std::string word = word_of(token, text);
    if (words_ == 0) begin_ = token.begin;
    if (words_ < 2) first_.at(words_) = word;
    ++words_;
    nesting_.enter(word);
  }

  /// An empty statement is none.
  void end(std::size_t at) {
    if (words_ > 0) statements_.push_back(statement(at));
    words_ = 0;
    first_ = {};
    nesting_ = {};
  }

  [[nodiscard]] std::vector<Statement> statements() { return std::move(statements_); }

 private:
  [[nodiscard]] Statement statement(std::size_t end) const {
    const std::string_view text = script_.substr(begin_, end - begin_);
    const bool is_telling = std::ranges::find(telling, first_[0]) != telling.end();
    return {.begin = begin_,
            .end = end,
            .kind = is_telling ? understand(text).kind : Kind::ordinary,
            .bound = transaction_bound(text),
            .writes = std::ranges::find(writing, first_[0]) != writing.end(),
            .limits_locks = sets_lock_timeout(text),
            .lasts = is_lasting(first_[0], first_[1])};
  }

  std::string_view script_;
  std::size_t begin_ = 0;
  std::size_t words_ = 0;
  std::array<std::string, 2> first_;
  Nesting nesting_;
  std::vector<Statement> statements_;
};

}  // namespace

Script::Script(std::string_view text) : text_{text} {
  Lexer lexer{text};
  Splitter splitter{text};
  while (const auto token = lexer.next()) splitter.add(*token);
  splitter.end(text.size());
  statements_ = splitter.statements();
  complete_ = !lexer.failed();
}

bool Script::has(Kind kind) const {
  return std::ranges::find(statements_, kind, &Statement::kind) != statements_.end();
}

/// Where each part is read on its own, the server reads the later ones as the earlier have set it.
bool Script::readable() const { return complete_ && !(has(Kind::outside) && has(Kind::dialect)); }

Mode Script::mode() const {
  if (!readable() || has(Kind::boundary)) return Mode::own;
  const bool only = statements_.size() == 1 && statements_[0].kind == Kind::perhaps;
  return only || has(Kind::outside) ? Mode::segments : Mode::transactional;
}

bool Script::is_alone(const Statement& statement, Grain grain) const {
  const bool perhaps = grain == Grain::perhaps || statements_.size() == 1;
  return statement.kind == Kind::outside || (statement.kind == Kind::perhaps && perhaps);
}

std::vector<Segment> Script::segments(Grain grain) const {
  const bool whole = mode() == Mode::own || (grain != Grain::outside && has(Kind::dialect));
  if (whole) return {{.begin = 0, .end = text_.size()}};
  std::vector<Segment> result;
  bool open = false;
  for (const Statement& statement : statements_) {
    const bool alone = is_alone(statement, grain);
    if (!open || alone) result.push_back({.begin = result.empty() ? 0 : result.back().end, .end = 0, .alone = alone});
    result.back().end = statement.end;
    open = !alone && !(grain != Grain::outside && statement.kind == Kind::value);
  }
  if (result.empty()) result.push_back({});
  result.back().end = text_.size();
  return result;
}

const Statement* Script::bound() const {
  const bool writes = std::ranges::any_of(statements_, &Statement::writes);
  const auto found = std::ranges::find_if(statements_, [writes](const Statement& statement) {
    return !statement.bound.empty() && (statement.bound != initially_deferred || writes);
  });
  return found == statements_.end() ? nullptr : &*found;
}

std::pair<const Statement*, const Statement*> Script::used_value() const {
  for (auto added = statements_.begin(); added != statements_.end(); ++added) {
    if (added->kind != Kind::value) continue;
    const std::string label = first_constant(text_of(*added));
    const auto used = std::find_if(added + 1, statements_.end(), [&](const Statement& later) {
      return later.kind != Kind::value && text_of(later).find(label) != std::string_view::npos;
    });
    if (!label.empty() && used != statements_.end()) return {&*added, &*used};
  }
  return {nullptr, nullptr};
}

const Statement* Script::divider(Grain grain) const {
  const auto divides = [&](const Statement& statement) {
    return is_alone(statement, grain) || (grain == Grain::value && statement.kind == Kind::value);
  };
  const auto found = std::ranges::find_if(statements_, divides);
  return found == statements_.end() ? nullptr : &*found;
}

std::string_view Script::text_of(const Statement& statement) const {
  return text_.substr(statement.begin, statement.end - statement.begin);
}

bool Script::limits_locks() const {
  return std::ranges::any_of(statements_, [](const Statement& statement) { return statement.limits_locks; });
}

std::string Script::settings_before(std::size_t offset) const {
  std::string result;
  for (const Statement& statement : statements_) {
    if (!statement.lasts || statement.end > offset) continue;
    const std::string_view text = text_of(statement);
    if (capitals(text).starts_with("DISCARD"))
      result.append(discarded);
    else
      result.append(text).append(text.ends_with(';') ? "\n" : ";\n");
  }
  return result;
}

}  // namespace schemagate
