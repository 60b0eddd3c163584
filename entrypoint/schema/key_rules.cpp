#include "schema/key_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "schema/definition.hpp"
#include "schema/same.hpp"

namespace schemagate {
namespace {

std::string definition(const Object& object) { return std::string{object.property("def").value_or("")}; }

std::string_view table_of(const Object& object) {
  return object.kind == "index" ? object.property("table").value_or("") : parent(object.identity);
}

bool has_same_rows(const UniqueKey& key, const UniqueKey& other) {
  return key.where.empty() || same_sql("index", key.where, other.where);
}

/// ON CONFLICT that uses `wanted` can use `key`.
bool serves(const UniqueKey& key, const UniqueKey& wanted) {
  return key.columns == wanted.columns && has_same_rows(key, wanted);
}

/// Whatever `other` refuses, `key` refuses too: fewer columns in as many rows, and NULLs likewise.
bool as_strict(const UniqueKey& key, const UniqueKey& other) {
  return std::ranges::includes(other.columns, key.columns) && has_same_rows(key, other) &&
         (!other.nulls_equal || key.nulls_equal || key.primary);
}

/// Whether a key of the same table there stands to this one so.
template <typename Relation>
bool has_key(const Object& one, const Description& there, Relation stands) {
  const auto key = unique_key(one);
  return key && std::ranges::any_of(there, [&](const Object& object) {
           if ((object.kind != "constraint" && object.kind != "index") || table_of(object) != table_of(one))
             return false;
           const auto other = unique_key(object);
           return other && stands(*other, *key);
         });
}

bool is_served(const Object& expected, const Description& live) { return has_key(expected, live, serves); }
bool refused_before(const Object& live, const Description& expected) { return has_key(live, expected, as_strict); }

/// The same constraint under a name that only one side has.
const Object* renamed(const Object& one, const Description& there, const Description& here) {
  const auto found = std::ranges::find_if(there, [&](const Object& other) {
    return other.kind == "constraint" && table_of(other) == table_of(one) && definition(other) == definition(one) &&
           find(here, "constraint", other.identity) == nullptr;
  });
  return found == there.end() ? nullptr : &*found;
}

Meaning lost_key(const Constraint& constraint, bool equivalent) {
  if (constraint.deferrable) return {Level::risky, "duplicates are no longer refused"};
  const bool primary = constraint.sort == Sort::primary_key;
  if (equivalent && primary) return {Level::risky, "still unique, but GROUP BY the key alone fails", "42803"};
  if (equivalent) return {Level::risky, "still unique, but ON CONFLICT ON CONSTRAINT fails", "42704"};
  if (primary) return {Level::breaking, "ON CONFLICT on these columns fails, and GROUP BY the key alone", "42P10"};
  return {Level::breaking, "ON CONFLICT on these columns fails", "42P10"};
}

Meaning changed_key(const Constraint& before, const Constraint& after) {
  if (after.deferrable && !before.deferrable)
    return {Level::breaking, "deferrable: ON CONFLICT cannot use it", "55000"};
  if (before.sort == Sort::primary_key && after.sort == Sort::unique)
    return {Level::breaking, "no primary key: GROUP BY the key alone fails", "42803"};
  auto columns = listed_in(before.body);
  auto now = listed_in(after.body);
  std::ranges::sort(columns);
  std::ranges::sort(now);
  if (columns != now) return {Level::breaking, "other columns: ON CONFLICT on the old ones fails", "42P10"};
  if (before.deferrable && !after.deferrable) return {Level::risky, "checked at once instead of at COMMIT", "23505"};
  if (before.body.find(" NOT DISTINCT ") == after.body.find(" NOT DISTINCT "))
    return {Level::harmless, "unique over the same columns"};
  return {Level::risky, "NULLs count differently", "23505"};
}

std::string_view without_actions(const std::string& body) {
  return std::string_view{body}.substr(0, std::min(body.find(" ON UPDATE "), body.find(" ON DELETE ")));
}

Meaning changed_reference(const Constraint& before, const Constraint& after) {
  if (before.deferred && !after.deferred)
    return {Level::breaking, "checked at once: a transaction that writes the child first fails", "23503"};
  if (before.deferrable && !after.deferrable) return {Level::breaking, "SET CONSTRAINTS fails", "42809"};
  if (before.enforced != after.enforced)
    return after.enforced ? Meaning{Level::risky, "enforced now: writes may be refused", "23503"}
                          : Meaning{Level::risky, "no longer enforced: no cascades, orphans stay"};
  if (without_actions(before.body) != without_actions(after.body))
    return {Level::risky, "it refers to something else: writes may be refused", "23503"};
  if (before.body != after.body) return {Level::risky, "ON DELETE or ON UPDATE acts otherwise", "23503"};
  if (before.deferrable != after.deferrable || before.deferred != after.deferred)
    return {Level::risky, "errors may come at COMMIT only", "23503"};
  return after.validated ? Meaning{Level::harmless, "rows that were there before are checked too"}
                         : Meaning{Level::risky, "rows that were there before may be orphans"};
}

Meaning changed_check(const Constraint& before, const Constraint& after) {
  if (before.enforced && !after.enforced) return {Level::harmless, "no longer enforced"};
  const bool same = before.enforced == after.enforced && same_sql("constraint", before.body, after.body);
  if (same && before.no_inherit == after.no_inherit)
    return {Level::harmless, "new rows are checked alike; rows that were there before may not be"};
  return {Level::risky, "rows that used to pass may be refused", "23514"};
}

/// Only of constraints that were not there; also when they are NOT VALID.
Meaning new_constraint(const Constraint& constraint) {
  if (!constraint.enforced) return {Level::harmless, "not enforced"};
  switch (constraint.sort) {
    case Sort::foreign_key:
      return {Level::risky, "writes without their counterpart are refused", "23503"};
    case Sort::check:
      return {Level::risky, "rows that used to pass may be refused", "23514"};
    case Sort::exclude:
      return {Level::risky, "rows that conflict are refused", "23P01"};
    default:
      return {Level::risky, "duplicates are refused", "23505"};
  }
}

Meaning lost_constraint(const Object& expected, const Constraint& constraint, const Description& live) {
  switch (constraint.sort) {
    case Sort::foreign_key:
      return {Level::risky, "no cascades any more, orphans stay"};
    case Sort::check:
      return {Level::harmless, "only integrity: nothing refuses bad rows"};
    case Sort::exclude:
      return {Level::risky, "conflicting rows are no longer refused"};
    default:
      return lost_key(constraint, is_served(expected, live));
  }
}

bool is_unique(const Object& index) {
  return index.property("constraint") || definition(index).starts_with("CREATE UNIQUE INDEX ");
}

Meaning slower() { return {Level::harmless, "only speed"}; }
Meaning more_refused() { return {Level::risky, "rows that used to pass are refused as duplicates", "23505"}; }
Meaning lost_index() { return {Level::breaking, "ON CONFLICT on these columns fails", "42P10"}; }

Meaning changed_index_definition(const Object& expected, const Object& live, const Sides& sides) {
  if (unique_key(expected) && !is_served(expected, sides.live)) return lost_index();
  // What belongs to a constraint is told by that.
  const bool alone = is_unique(live) && !live.property("constraint");
  if (alone && !refused_before(live, sides.expected)) return more_refused();
  return is_unique(expected) ? Meaning{Level::harmless, "unique over the same columns"} : slower();
}

}  // namespace

Meaning missing_constraint(const Object& expected, const Sides& sides) {
  const Constraint constraint = parse_constraint(definition(expected));
  if (!constraint.enforced) return {Level::harmless, "it was not enforced"};
  if (const Object* other = renamed(expected, sides.live, sides.expected))
    return {Level::risky,
            fmt::format("renamed to {}: statements and error handling may name it", leaf(other->identity)), "42704"};
  return lost_constraint(expected, constraint, sides.live);
}

Meaning extra_constraint(const Object& live, const Sides& sides) {
  if (const Object* other = renamed(live, sides.expected, sides.live))
    return {Level::harmless, fmt::format("the new name of {}", leaf(other->identity))};
  if (refused_before(live, sides.expected)) return {Level::harmless, "its columns were unique already"};
  return new_constraint(parse_constraint(definition(live)));
}

Meaning changed_constraint(const Object& expected, const Object& live, std::string_view property, const Sides& sides) {
  if (property != "def") return {Level::harmless, "a matter of inheritance"};
  const Constraint before = parse_constraint(definition(expected));
  const Constraint after = parse_constraint(definition(live));
  const bool keys = before.sort <= Sort::unique && after.sort <= Sort::unique;
  if (keys) return changed_key(before, after);
  if (before.sort != after.sort) {
    const Meaning lost = lost_constraint(expected, before, sides.live);
    return lost.level == Level::breaking ? lost : new_constraint(after);
  }
  if (before.sort == Sort::foreign_key) return changed_reference(before, after);
  if (before.sort == Sort::check) return changed_check(before, after);
  return {Level::risky, "other rows conflict", "23P01"};
}

Meaning missing_index(const Object& expected, const Sides& sides) {
  if (!is_unique(expected)) return slower();
  if (is_served(expected, sides.live)) return {Level::harmless, "the same columns are still unique"};
  return expected.property("INVALID") ? slower() : lost_index();
}

Meaning extra_index(const Object& live, const Sides& sides) {
  const bool invalid = live.property("INVALID").has_value();
  if (!is_unique(live))
    return invalid ? Meaning{Level::harmless, "INVALID: it costs writes and serves no query; drop it"}
                   : Meaning{Level::harmless, "only speed"};
  if (invalid) return {Level::risky, "INVALID, yet it refuses duplicates", "23505"};
  if (refused_before(live, sides.expected)) return {Level::harmless, "its columns were unique already"};
  return {Level::risky, "duplicates are refused", "23505"};
}

Meaning changed_index(const Object& expected, const Object& live, std::string_view property, const Sides& sides) {
  if (property == "def" || property == "constraint") return changed_index_definition(expected, live, sides);
  if (property == "table") return missing_index(expected, sides);
  if (property != "INVALID") return slower();
  if (!live.property("INVALID")) return {Level::harmless, "valid now"};
  if (is_unique(expected)) return {Level::breaking, "INVALID: ON CONFLICT cannot use it", "42P10"};
  return {Level::harmless, "INVALID: no query uses it; REINDEX it"};
}

std::string referred(const Object& constraint) {
  const std::string text = definition(constraint);
  return text.starts_with("FOREIGN KEY ") ? referred_table(text) : std::string{};
}

}  // namespace schemagate
