#pragma once

#include <string>
#include <vector>

#include "database/connection.hpp"
#include "database/history.hpp"

namespace schemagate {

/// What statements on the history would run: a function, or a type or operator that has functions, and what of the
/// table uses it: `trigger "t"`.
struct Called {
  std::string by;
  std::string kind;  ///< as ALTER has it: FUNCTION, TYPE, OPERATOR
  std::string name;  ///< quoted where needed, with its arguments
  std::string owner;

  friend bool operator==(const Called&, const Called&) = default;
};

/// A row-level security policy of the history that applies to our role.
struct HistoryPolicy {
  std::string name;
  char command = '*';  ///< as pg_policy has it: r, a (INSERT), w (UPDATE), d or *
  bool permissive = true;
  bool reads_all = false;   ///< USING (true)
  bool writes_all = false;  ///< WITH CHECK (true), or none and USING (true)

  friend bool operator==(const HistoryPolicy&, const HistoryPolicy&) = default;
};

/// What stands behind the history's name, from the catalogs alone: nothing of the relation itself is evaluated.
struct Standing {
  char kind = ' ';  ///< pg_class.relkind; blank when there is no such relation
  bool partition = false;
  std::string owner;
  bool trusted = false;                  ///< of the owner: see `foreign`
  std::vector<std::string> odd_columns;  ///< of a type that PostgreSQL does not bring, or computed when they are read
  /// Of an owner who is neither us, nor a role whose rights we have, nor a superuser, nor the owner of database or
  /// schema.
  std::vector<Called> foreign;
  bool policies_apply = false;  ///< to our role
  std::vector<HistoryPolicy> policies;

  /// Whoever may change what is called when the table is planned, read or written can be relied on.
  [[nodiscard]] bool reliable() const { return trusted && foreign.empty(); }
};

[[nodiscard]] Standing examine(Connection& connection, const HistoryTable& table);

/// Where a refusal is, and who is refused.
struct Asker {
  const HistoryTable& table;
  const std::string& role;
  const std::string& place;
};

/// Throws Failure 76 unless it is an ordinary table of built-in types.
void require_table(const Standing& standing, const Asker& asker);
/// Throws Failure 76 unless it can be relied on, naming what belongs to whom.
void require_trust(const Standing& standing, const Asker& asker);
/// Throws Failure 77 where policies may hide rows, or keep rows from being written.
void require_visible(const Standing& standing, const Asker& asker);
void require_writable(const Standing& standing, const Asker& asker);

/// A statement that fails by itself (22012) unless the history can be relied on. With a lock that keeps it so until the
/// transaction ends: a role with TRIGGER on the table could make one between a look and a write.
[[nodiscard]] std::string reliable_sql(const Connection& connection, const HistoryTable& table);

/// A condition on the history's table `c`, for the message that reads it: it is what examine() found fit to be read.
/// `reliable`: expressions of its indexes and statistics, which the planner evaluates, may stay. `policies`: they are
/// permissive and true.
[[nodiscard]] std::string readable_sql(bool reliable, bool policies);

}  // namespace schemagate
