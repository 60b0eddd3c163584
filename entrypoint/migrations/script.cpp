#include "migrations/script.hpp"

#include <pg_query.h>
#include <pg_query.pb-c.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace schemagate {
namespace {

using Words = std::vector<std::string>;

/// What tells how a statement can be sent. Nothing else is kept: a script may be millions of rows.
struct Statement {
  Words words;       ///< keywords in capitals, and a first letter when it does not begin with one
  std::string text;  ///< of DO: its body in capitals
};

struct FreeScan {
  void operator()(PgQuery__ScanResult* scan) const { pg_query__scan_result__free_unpacked(scan, nullptr); }
};
using Scan = std::unique_ptr<PgQuery__ScanResult, FreeScan>;

Scan scan(const std::string& script) {
  const PgQueryScanResult raw = pg_query_scan(script.c_str());
  Scan result;
  if (raw.error == nullptr)
    result.reset(pg_query__scan_result__unpack(nullptr, raw.pbuf.len, reinterpret_cast<const uint8_t*>(raw.pbuf.data)));
  pg_query_free_scan_result(raw);
  return result;
}

std::string capitals(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

bool is_keyword(const PgQuery__ScanToken& token) { return token.keyword_kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD; }

bool is_comment(const PgQuery__ScanToken& token) {
  return token.token == PG_QUERY__TOKEN__SQL_COMMENT || token.token == PG_QUERY__TOKEN__C_COMMENT;
}

/// Where a `;` does not end a statement: in parentheses (CREATE RULE) and in BEGIN ATOMIC … END, in which CASE has an
/// END of its own.
struct Nesting {
  int parentheses = 0;
  int atomic = 0;
  std::string previous;

  /// A keyword in capitals, or the first letter of anything else.
  void enter(const std::string& word) {
    if (word == "(") ++parentheses;
    if (word == ")") --parentheses;
    if (word == "ATOMIC" && previous == "BEGIN") atomic = 1;
    if (atomic > 0 && word == "CASE") ++atomic;
    if (atomic > 0 && word == "END") --atomic;
    previous = word;
  }
  [[nodiscard]] bool outside() const { return parentheses <= 0 && atomic == 0; }
};

/// Collects statements from tokens.
class Splitter {
 public:
  void add(const PgQuery__ScanToken& token, std::string_view text) {
    if (is_comment(token)) return;
    if (text == ";" && nesting_.outside()) return end();
    const std::string word = is_keyword(token) ? capitals(text) : std::string{text.substr(0, 1)};
    nesting_.enter(word);
    Words& words = statement_.words;
    if (is_keyword(token) || words.empty())
      words.push_back(word);
    else if (words.front() == "DO")
      statement_.text.append(capitals(text)).append(" ");
  }

  /// An empty statement is none.
  void end() {
    if (!statement_.words.empty()) statements_.push_back(std::exchange(statement_, {}));
    nesting_ = {};
  }

  [[nodiscard]] const std::vector<Statement>& statements() const { return statements_; }

 private:
  Statement statement_;
  Nesting nesting_;
  std::vector<Statement> statements_;
};

std::vector<Statement> split(const PgQuery__ScanResult& tokens, std::string_view script) {
  Splitter splitter;
  for (const PgQuery__ScanToken* token : std::span{tokens.tokens, tokens.n_tokens}) {
    const auto begin = static_cast<std::size_t>(token->start);
    splitter.add(*token, script.substr(begin, static_cast<std::size_t>(token->end) - begin));
  }
  splitter.end();
  return splitter.statements();
}

bool starts(const Words& words, std::initializer_list<std::string_view> prefix) {
  return words.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), words.begin());
}

bool has(const Words& words, std::string_view keyword) { return std::ranges::find(words, keyword) != words.end(); }

/// ROLLBACK TO a savepoint stays inside the transaction.
bool ends_or_begins(const Words& words) {
  const std::string& first = words.front();
  if (first == "ROLLBACK") return !has(words, "TO");
  return first == "BEGIN" || first == "COMMIT" || first == "END" || first == "ABORT" ||
         starts(words, {"START", "TRANSACTION"}) || starts(words, {"PREPARE", "TRANSACTION"});
}

bool concurrent(const Words& words) {
  return starts(words, {"CREATE", "INDEX", "CONCURRENTLY"}) ||
         starts(words, {"CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"}) ||
         starts(words, {"DROP", "INDEX", "CONCURRENTLY"}) ||
         (starts(words, {"ALTER", "TABLE"}) && has(words, "DETACH") && has(words, "CONCURRENTLY"));
}

/// The calls of PreventInTransactionBlock in PostgreSQL 14 to 18 (src/backend), as far as the text tells. REINDEX and
/// CLUSTER belong to it when their table is partitioned, which the text does not tell.
bool whole_database(const Words& words) {
  for (const std::string_view kind : {"DATABASE", "TABLESPACE", "SUBSCRIPTION"})
    if (starts(words, {"CREATE", kind}) || starts(words, {"DROP", kind})) return true;
  return starts(words, {"ALTER", "SYSTEM"}) || starts(words, {"ALTER", "SUBSCRIPTION"}) ||
         (starts(words, {"ALTER", "DATABASE"}) && has(words, "TABLESPACE")) || starts(words, {"DISCARD", "ALL"}) ||
         words.front() == "VACUUM" || words.front() == "REINDEX" || words.front() == "CLUSTER";
}

bool continues_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// `COMMIT;`, but neither `committed` nor `ON COMMIT DROP`. What stands before it is free, for PL/Perl's spi_commit().
bool mentions(std::string_view body, std::string_view command) {
  for (std::size_t at = body.find(command); at != std::string_view::npos; at = body.find(command, at + 1)) {
    const std::string_view after = body.substr(at + command.size());
    if (body.substr(0, at).ends_with("ON ") || (!after.empty() && continues_word(after.front()))) continue;
    return true;
  }
  return false;
}

/// A procedure or block may commit, but only when it is not inside a transaction block already.
bool may_commit(const Statement& statement) {
  if (statement.words.front() == "CALL") return true;
  return statement.words.front() == "DO" &&
         (mentions(statement.text, "COMMIT") || mentions(statement.text, "ROLLBACK"));
}

bool outside_only(const Statement& statement) {
  return concurrent(statement.words) || whole_database(statement.words) || may_commit(statement);
}

}  // namespace

Mode classify(std::string_view script) {
  const std::string text{script};
  const Scan tokens = scan(text);
  if (!tokens) return Mode::own;
  const std::vector<Statement> statements = split(*tokens, text);
  if (std::ranges::any_of(statements, ends_or_begins, &Statement::words)) return Mode::own;
  return statements.size() == 1 && outside_only(statements[0]) ? Mode::alone : Mode::transactional;
}

bool unlocks(std::string_view script) { return capitals(script).find("PG_ADVISORY_UNLOCK") != std::string::npos; }

}  // namespace schemagate
