#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace schemagate {

/// What a statement that runs only outside a transaction block does to the catalogs, so that after a crash they tell
/// whether it was done.
enum class Effect {
  create_index,
  drop_index,
  reindex,
  detach,
  create_database,
  drop_database,
  create_tablespace,
  drop_tablespace,
  create_subscription,
  drop_subscription,
  repeatable,  ///< VACUUM, ALTER SYSTEM, CLUSTER, DISCARD ALL, ALTER DATABASE … SET TABLESPACE: done again it does no
               ///< harm
  unknown,     ///< CALL, DO: nobody can tell
};

/// What REINDEX names.
enum class Extent { index, table, schema, database };

struct Deed {
  Effect effect = Effect::unknown;
  std::string object;        ///< index, partition, database … as written, with its schema and quotes, without blanks
                             ///< and comments; empty when the server chooses the name
  std::string table;         ///< of create_index and detach, as written
  bool conditional = false;  ///< IF NOT EXISTS, IF EXISTS
  bool concurrent = false;   ///< waits for others without keeping anybody from anything: no lock_timeout for it
  Extent extent = Extent::index;       ///< of reindex
  bool unique = false;                 ///< of create_index
  std::vector<std::string> columns{};  ///< of create_index where the server chooses the name: what it is on, as
                                       ///< written, when it says nothing else of the index; empty otherwise

  friend bool operator==(const Deed&, const Deed&) = default;
};

/// Where a statement can run.
enum class Kind {
  ordinary,
  boundary,  ///< begins or ends a transaction
  outside,   ///< only outside a transaction block
  perhaps,   ///< so, or not: the text does not tell
  value,     ///< ALTER TYPE … ADD VALUE: in a transaction, but its value can be used only once it is committed
  dialect,   ///< changes what a quote means for the statements behind it
};

struct Sense {
  Kind kind = Kind::ordinary;
  Deed action;
};

/// Of the first statement of a text; comments and empty statements before it do not count.
[[nodiscard]] Sense understand(std::string_view statement);

/// What a statement that is sent alone does.
[[nodiscard]] Deed action(std::string_view statement);

}  // namespace schemagate
