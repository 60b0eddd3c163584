#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace schemagate {

/// Of a table, from the weakest: PostgreSQL documentation, "Explicit Locking".
enum class LockMode {
  none,
  access_share,
  row_share,
  row_exclusive,
  share_update_exclusive,
  share,
  share_row_exclusive,
  exclusive,
  access_exclusive,
};
/// `ACCESS EXCLUSIVE`.
[[nodiscard]] std::string_view name(LockMode mode);
/// Whether the one waits for the other.
[[nodiscard]] bool conflict(LockMode one, LockMode other);

/// What is done to the rows, from the cheapest.
enum class Work {
  catalog,  ///< nothing
  empty,    ///< thrown away with their file
  scan,     ///< all are read
  rewrite,  ///< all are written anew
};
[[nodiscard]] std::string_view name(Work work);

/// What programs that were written for the schema before notice.
enum class Older { works, risky, breaks };

struct Harm {
  Older older = Older::works;
  std::string_view sqlstate{};  ///< that their statements meet; empty when they are not refused
  std::string_view why{};
};

/// What the live database may change in what the text says.
enum class Act {
  other,
  create,        ///< makes `relation`, if it is not there
  replace,       ///< the same, for OR REPLACE
  add_column,    ///< a default may be volatile
  column_type,   ///< may keep the rows as they are
  set_not_null,  ///< a valid CHECK spares the scan
  set_default,
  drop_default,
  drop_not_null,
  drop_column,
  rename_column,  ///< to `names`
  drop_constraint,
  add_key,        ///< PRIMARY KEY or UNIQUE over `names`, or the index `type`; a unique index is one too
  drop_table,     ///< referenced tables are locked too
  validate,       ///< may be valid already
  partition,      ///< of `relation`, whose default partition is locked too
  drop_index,     ///< its table is locked
  reindex_index,  ///< likewise
  rename_table,
  truncate,
  write,  ///< INSERT, UPDATE, DELETE, MERGE, COPY
  create_schema,
  create_type,  ///< a domain over `type` may have a constraint, and `names` in its default
  drop_type,
  rename_type,
  extension,    ///< may not be allowed
  search_path,  ///< changes what names mean
  set_role,     ///< whose rights count from here on is unknown
  query,        ///< SELECT: what it calls may do anything
  unknown,      ///< DO, CALL, EXECUTE: nobody can tell
};

/// What a statement does to one relation.
struct Claim {
  Act act = Act::other;
  std::string relation{};  ///< as written; empty when there is none
  LockMode lock = LockMode::none;
  Work work = Work::catalog;
  Harm harm{};
  std::string object{};              ///< column, constraint …, without quotes; what a relation is renamed to
  std::string type{};                ///< as written
  std::string collation{};           ///< column_type: without quotes; empty for the type's own
  std::vector<std::string> names{};  ///< functions that are called, schemas of a path, as written
  std::string_view right = "OWNER";  ///< on the relation; TYPE: to own the type `object`; empty for none
  bool conditional = false;          ///< IF EXISTS, IF NOT EXISTS
  bool if_column = false;            ///< add_column, drop_column: the same of the column
  bool cascade = false;
  bool only = false;      ///< not what inherits from it
  bool waits = false;     ///< CONCURRENTLY: for every transaction that is older
  bool filled = false;    ///< add_column: rows that do not name it get a value
  bool not_null = false;  ///< add_column; of a domain: it has a constraint
  bool whole = false;     ///< UPDATE, DELETE of every row
};
using Claims = std::vector<Claim>;

/// Of the first statement of a text, as far as the text tells; locks that only reading takes are left out. The modes
/// are those of PostgreSQL 14 to 18 (src/backend/commands: AlterTableGetLockLevel and the callers of
/// RangeVarGetRelidExtended).
[[nodiscard]] Claims read_claims(std::string_view statement);

/// An identifier as the catalogs have it: `a` of `A`, `A` of `"A"`.
[[nodiscard]] std::string folded(std::string_view written);
/// Schema, empty when there is none, and name.
[[nodiscard]] std::pair<std::string, std::string> parts(std::string_view written);

}  // namespace schemagate
