#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "migrations/claim.hpp"

namespace schemagate {

using Oid = std::uint32_t;

struct Column {
  std::string type{};  ///< as format_type() prints it
  bool not_null = false;
  bool filled = false;      ///< by a default, as identity, or generated
  std::string collation{};  ///< when it is not the type's own
  bool indexed = false;     ///< or perhaps, by an expression
};

struct TableConstraint {
  std::string name{};
  char kind = 'c';  ///< pg_constraint.contype
  bool valid = true;
  std::vector<std::string> columns{};
  Oid other = 0;  ///< the table that a foreign key refers to
  std::vector<std::string> other_columns{};
  std::string check{};  ///< its expression
};

/// Table, view, sequence or index, as the catalogs and the statistics have it.
struct Relation {
  Oid oid = 0;
  std::string schema{};
  std::string name{};
  char kind = 'r';                ///< pg_class.relkind
  bool unique = false;            ///< index
  Oid table = 0;                  ///< index
  std::optional<double> rows{};   ///< estimated
  std::optional<double> bytes{};  ///< with TOAST, without indexes
  double reads = 0;               ///< scans begun: a second, or since the statistics were reset
  double writes = 0;              ///< rows inserted, updated, deleted
  std::set<std::string> rights{};
  std::vector<Oid> parents{};
  std::vector<Oid> views{};  ///< that read it
  Oid rest = 0;              ///< its default partition
  std::map<std::string, Column> columns{};
  std::vector<TableConstraint> constraints{};
};

/// A lock that a session has, or waits for.
struct Holder {
  int pid = 0;  ///< 0: a prepared transaction
  std::string who{};
  std::string state{};        ///< empty when it is hidden from our role
  std::optional<long> age{};  ///< of its transaction, in seconds
  std::string query{};
  Oid relation = 0;
  LockMode mode = LockMode::none;
  bool granted = true;
};

struct Extension {
  bool installed = false;
  bool available = false;
  bool trusted = false;
};

struct Type {
  bool owned = false;
  bool droppable = false;  ///< by its owner, and by that of its schema
  bool checked = false;    ///< a domain with a constraint, its own or that of a domain below
  bool moving = false;     ///< a domain with a volatile default
};

/// What the database is like before anything runs.
struct Facts {
  int version = 0;  ///< server_version_num
  std::string role{};
  std::string database{};
  bool superuser = false;
  bool may_create = false;  ///< CREATE on the database
  std::string time_zone{};
  std::vector<std::string> path{};          ///< schemas, in the order in which they are searched
  std::map<std::string, bool> schemas{};    ///< and whether the role may create there
  std::map<std::string, Type> types{};      ///< `public.mood`
  std::optional<std::string> allow_list{};  ///< azure.extensions
  bool azure_admin = true;                  ///< the role is of azure_pg_admin, or there is none
  std::map<Oid, Relation> relations{};
  std::map<std::string, char> functions{};  ///< provolatile, the worst of a name
  std::set<std::string> own_functions{};    ///< of those, PostgreSQL's own
  std::map<std::string, Extension> extensions{};
  std::vector<Holder> holders{};
  std::optional<Holder> oldest{};                 ///< transaction of this database
  bool rated = false;                             ///< reads and writes are a second
  std::map<std::string, std::string> unparsed{};  ///< a statement, and what PostgreSQL's parser says of it
  std::vector<std::string> unread{};
};

/// What is asked of the database: everything that the claims name.
struct Questions {
  std::string schema{};  ///< where unqualified names go; empty: as the role's search_path says
  std::set<std::pair<std::string, std::string>> relations{};  ///< schema, or nothing, and name
  std::set<std::string> paths{};                              ///< schemas that a script's search_path names
  std::set<std::string> types{};                              ///< names without schema
  std::set<std::string> functions{};
  std::set<std::string> extensions{};
  std::set<std::string> statements{};
};

}  // namespace schemagate
