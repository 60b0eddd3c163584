#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrations/statement.hpp"

namespace schemagate {

/// How a script can be sent.
enum class Mode {
  transactional,  ///< in one transaction with its history row
  own,            ///< it begins or ends transactions itself: sent as it is, as Prisma does
  segments,       ///< with a statement that PostgreSQL runs only outside a transaction block
};

/// How fine a script is taken apart; each does what the ones before it do.
enum class Grain {
  outside,  ///< at what runs only outside a transaction block
  value,    ///< behind each ALTER TYPE … ADD VALUE: its value can be used only once it is committed (SQLSTATE 55P04)
  perhaps,  ///< what may run only outside, as a CALL, by itself: for a script of which the server has said so
};

/// A part of a script that is sent by itself. Together they are the script, byte for byte.
struct Segment {
  std::size_t begin = 0;  ///< bytes
  std::size_t end = 0;
  bool alone = false;  ///< one statement that runs only outside a transaction block; else some for one transaction

  friend bool operator==(const Segment&, const Segment&) = default;
};

/// A statement of a script, from its first word to behind its `;`.
struct Statement {
  std::size_t begin = 0;  ///< bytes
  std::size_t end = 0;
  Kind kind = Kind::ordinary;
  std::string_view bound{};   ///< what in it means something else in a transaction of its own; empty for nothing
  bool writes = false;        ///< it writes rows, or may
  bool limits_locks = false;  ///< it says how long to wait for locks: SET lock_timeout, set_config(), also in a DO
  bool lasts = false;         ///< SET, RESET, DISCARD ALL: for the rest of the session

  friend bool operator==(const Statement&, const Statement&) = default;
};

/// A script, read once with PostgreSQL's lexer: when it is about to run or to be planned, never at a start that has
/// nothing to do.
class Script {
 public:
  /// The text must outlive it.
  explicit Script(std::string_view text);

  /// What the lexer cannot read is `own`: a newer server may, and whether such a script commits is unknown. What may
  /// run in a transaction or not, as a CALL, does so beside other statements, and is sent by itself when it is the only
  /// one.
  [[nodiscard]] Mode mode() const;
  /// Whether the lexer could read it, and would read it in parts as the server does.
  [[nodiscard]] bool readable() const;

  /// Comments and blanks belong to the statement that follows, those at the end to the last. There is always one
  /// segment, and but for a script without statements each has one. A script that is `own` is one segment.
  [[nodiscard]] std::vector<Segment> segments(Grain grain = Grain::outside) const;
  /// The first statement that keeps the script in one transaction, because it would mean something else; null when it
  /// may be taken apart.
  [[nodiscard]] const Statement* bound() const;
  /// The first statement that adds a value to an enum which a later one names, and that later one: the server lets a
  /// value be used only once it is committed, unless its type is as new. Null when there is none.
  [[nodiscard]] std::pair<const Statement*, const Statement*> used_value() const;
  /// The first statement for which the script is taken apart so; null when none is.
  [[nodiscard]] const Statement* divider(Grain grain) const;
  /// As far as the lexer can read it.
  [[nodiscard]] const std::vector<Statement>& statements() const { return statements_; }
  [[nodiscard]] std::string_view text_of(const Statement& statement) const;

  /// Whether the script has its own opinion of how long to wait for locks.
  [[nodiscard]] bool limits_locks() const;
  /// The statements before `offset` that set something for the rest of the session (SET, RESET, what DISCARD ALL
  /// resets; not SET LOCAL), for another session that goes on where this one stopped. What else a session holds,
  /// temporary tables and prepared statements, is lost with it.
  [[nodiscard]] std::string settings_before(std::size_t offset) const;

 private:
  [[nodiscard]] bool has(Kind kind) const;
  [[nodiscard]] bool is_alone(const Statement& statement, Grain grain) const;

  std::string_view text_;
  std::vector<Statement> statements_;
  bool complete_ = true;
};

}  // namespace schemagate
