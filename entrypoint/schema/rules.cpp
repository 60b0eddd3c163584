#include "schema/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "schema/column_rules.hpp"
#include "schema/definition.hpp"
#include "schema/key_rules.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

struct Row {
  std::string_view kind;
  Meaning meaning;
};
using Table = std::vector<Row>;

const Meaning* row_of(const Table& table, std::string_view kind) {
  const auto found = std::ranges::find(table, kind, &Row::kind);
  return found == table.end() ? nullptr : &found->meaning;
}

const Meaning& unnamed() {
  static const Meaning meaning{Level::breaking, "every statement that names it fails", "42P01"};
  return meaning;
}
const Meaning& no_type() {
  static const Meaning meaning{Level::breaking, "every statement that names the type fails", "42704"};
  return meaning;
}
const Meaning& no_function() {
  static const Meaning meaning{Level::breaking, "every call of it fails", "42883"};
  return meaning;
}

const Table& missing_rules() {
  static const Table table{
      {"schema", {Level::breaking, "every statement that names something in it fails", "42P01"}},
      {"table", unnamed()},
      {"foreigntable", unnamed()},
      {"view", unnamed()},
      {"matview", unnamed()},
      {"sequence", unnamed()},
      {"column", {Level::breaking, "every statement that names it fails", "42703"}},
      {"viewcolumn", {Level::breaking, "every statement that names it fails", "42703"}},
      {"attribute", {Level::breaking, "every statement that names it fails", "42703"}},
      {"enum", no_type()},
      {"domain", no_type()},
      {"composite", no_type()},
      {"range", no_type()},
      {"collation", {Level::breaking, "every statement that names it fails", "42704"}},
      {"tsconfig", {Level::breaking, "every statement that names it fails", "42704"}},
      {"tsdict", {Level::breaking, "text search configurations without it fail", "42704"}},
      {"function", no_function()},
      {"procedure", no_function()},
      {"aggregate", no_function()},
      {"operator", no_function()},
      {"cast", {Level::breaking, "every statement that casts so fails", "42846"}},
      {"extension", {Level::breaking, "its types and functions are missing"}},
      {"trigger", {Level::risky, "nothing does its work any more"}},
      {"eventtrigger", {Level::risky, "nothing does its work any more"}},
      {"rule", {Level::risky, "statements do something else"}},
      {"inherits", {Level::risky, "the parent no longer shows the child's rows"}},
      {"extversion", {Level::harmless, "only a version"}},
      {"statistics", {Level::harmless, "only speed"}},
      {"colorder", {Level::harmless, "only the order of columns"}},
      {"notnull", {Level::harmless, "only how NOT NULL is kept"}},
      {"fkdisabled", {Level::harmless, "the foreign key is enforced"}},
  };
  return table;
}

const Table& extra_rules() {
  static const Table table{
      {"trigger", {Level::risky, "it may change, refuse or drop rows"}},
      {"eventtrigger", {Level::risky, "it may refuse DDL"}},
      {"rule", {Level::risky, "statements may do something else"}},
      {"inherits", {Level::risky, "the parent shows the child's rows too"}},
      {"attribute", {Level::breaking, "a row of the old columns is no value of the type", "42846"}},
      {"fkdisabled", {Level::risky, "the foreign key is not enforced: its triggers are disabled"}},
      {"viewcolumn", {Level::harmless, "statements that name their columns work"}},
      {"extversion", {Level::harmless, "only a version"}},
  };
  return table;
}

const Table& changed_rules() {
  static const Table table{
      {"view", {Level::risky, "it may show other rows or values"}},
      {"matview", {Level::risky, "it may show other rows or values"}},
      {"aggregate", {Level::risky, "it may compute otherwise"}},
      {"trigger", {Level::risky, "it may act otherwise or not at all"}},
      {"eventtrigger", {Level::risky, "it may act otherwise or not at all"}},
      {"rule", {Level::risky, "statements may do something else"}},
      {"inherits", {Level::risky, "the parent may show other rows"}},
      {"range", {Level::risky, "values may compare otherwise"}},
      {"collation", {Level::risky, "another order, and other values may count as equal"}},
      {"operator", {Level::risky, "it may compute otherwise"}},
      {"cast", {Level::risky, "it may convert otherwise or in other places"}},
      {"tsconfig", {Level::risky, "text is split into other words"}},
      {"tsdict", {Level::risky, "text is split into other words"}},
      {"fkdisabled", {Level::risky, "the foreign key is not enforced as expected"}},
      {"extension", {Level::harmless, "it is in another schema"}},
      {"extversion", {Level::harmless, "only a version"}},
      {"statistics", {Level::harmless, "only speed"}},
      {"colorder", {Level::harmless, "only the order of columns: SELECT * and INSERT without a list see it"}},
      {"notnull", {Level::harmless, "only how NOT NULL is kept"}},
  };
  return table;
}

bool has_policies(std::string_view table, const Description& objects) {
  const Object* found = find(objects, "table", table);
  return found != nullptr && found->property("rls");
}

Meaning hidden_rows(const char* reason) { return {Level::breaking, reason, "42501"}; }
constexpr const char* no_rows = "unless the role owns the table or has BYPASSRLS, rows vanish and writes fail";

/// A policy that is missing, another one or new.
Meaning policy(const Object& object, const Sides& sides, bool grants) {
  if (!has_policies(parent(object.identity), sides.live))
    return {Level::harmless, "row-level security is off for the table"};
  return grants ? Meaning{Level::risky, "it may show more rows"} : hidden_rows(no_rows);
}

/// The first parent that the program knows; empty without one.
std::string known_parent(const Object& table, const Sides& sides) {
  const Object* inherits = find(sides.live, "inherits", table.identity);
  if (inherits == nullptr) return {};
  for (const std::string& parent : identities(inherits->property("parent").value_or("")))
    if (find(sides.expected, "table", parent) != nullptr || find(sides.expected, "foreigntable", parent) != nullptr)
      return parent;
  return {};
}

/// Rows that a known table shows, or foreign keys that refuse deletes there.
Meaning extra_table(const Object& live, const Sides& sides) {
  if (const std::string parent = known_parent(live, sides); !parent.empty())
    return {Level::risky, fmt::format("it inherits from {}, which shows its rows too", parent)};
  for (const Object& object : sides.live)
    if (object.kind == "constraint" && parent(object.identity) == live.identity &&
        find(sides.expected, "table", referred(object)) != nullptr)
      return {Level::risky, fmt::format("its foreign key may refuse to delete rows of {}", referred(object)), "23503"};
  return {Level::harmless, "the program does not name it"};
}

std::string_view function_name(const Object& function) {
  return std::string_view{function.identity}.substr(0, function.identity.find('('));
}

Meaning extra_function(const Object& live, const Sides& sides) {
  const bool known = std::ranges::any_of(sides.expected, [&](const Object& object) {
    return object.kind == live.kind && function_name(object) == function_name(live);
  });
  if (known) return {Level::risky, "calls of the other function of this name may be ambiguous", "42725"};
  return {Level::harmless, "the program does not call it"};
}

/// The line of a definition that begins so.
std::string_view line_of(std::string_view definition, std::string_view beginning) {
  for (const std::string_view line : split(definition, '\n'))
    if (line.starts_with(beginning)) return line;
  return {};
}

std::size_t defaults(std::string_view definition) {
  std::size_t count = 0;
  const std::string_view line = line_of(definition, "CREATE ");
  for (std::size_t at = line.find(" DEFAULT "); at != std::string_view::npos; at = line.find(" DEFAULT ", at + 1))
    ++count;
  return count;
}

Meaning changed_function(const Object& expected, const Object& live) {
  const std::string_view before = expected.property("def").value_or("");
  const std::string_view after = live.property("def").value_or("");
  if (line_of(before, " RETURNS ") != line_of(after, " RETURNS "))
    return {Level::breaking, "it returns another type", "42883"};
  if (defaults(after) < defaults(before)) return {Level::breaking, "calls that rely on a default fail", "42883"};
  return {Level::risky, "behaviour may differ"};
}

Meaning changed_labels(const Object& expected, const Object& live) {
  const auto before = labels(expected.property("labels").value_or(""));
  const auto after = labels(live.property("labels").value_or(""));
  const auto known = [&](const std::string& label) { return std::ranges::find(after, label) != after.end(); };
  if (!std::ranges::all_of(before, known))
    return {Level::breaking, "every statement that writes or compares the missing label fails", "22P02"};
  if (before.size() < after.size()) return {Level::risky, "the program may read a label that it does not know"};
  return {Level::risky, "ORDER BY and comparisons go by another order"};
}

Meaning changed_sequence(std::string_view property) {
  static constexpr std::array<std::string_view, 5> counting{"type", "inc", "min", "max", "cycle"};
  if (std::ranges::find(counting, property) != counting.end())
    return {Level::risky, "numbers may collide, run out or start over"};
  return {Level::harmless, "the next numbers are as good"};
}

Meaning read_only() { return {Level::breaking, "INSERT, UPDATE or DELETE through it fails", "55000"}; }

/// What stands in for a view that is not updatable by itself.
bool is_written_otherwise(const Object& view, const Description& objects) {
  return std::ranges::any_of(objects, [&](const Object& object) {
    if ((object.kind != "trigger" && object.kind != "rule") || parent(object.identity) != view.identity) return false;
    return object.property("def").value_or("").find(" INSTEAD ") != std::string_view::npos;
  });
}

Meaning changed_updatable(const Object& live, const Sides& sides) {
  if (live.property("updatable")) return {Level::harmless, "it can be written to"};
  if (is_written_otherwise(live, sides.live)) return {Level::risky, "writing to it does something else"};
  return read_only();
}

Meaning changed_table(const Object& expected, const Object& live, std::string_view property, const Sides& sides) {
  if (property == "updatable") return changed_updatable(live, sides);
  const bool gained = live.property(property) && !expected.property(property);
  if (property == "rls" || property == "forcerls")
    return gained ? hidden_rows(no_rows) : Meaning{Level::risky, "rows that were hidden are visible"};
  if (property == "replident") return {Level::risky, "UPDATE and DELETE fail if it is published", "55000"};
  if (property == "partkey") return {Level::risky, "unique keys must contain the partition key"};
  if (property == "server") return {Level::risky, "its rows are elsewhere"};
  if (property == "options" && expected.kind != "table" && expected.kind != "matview")
    return {Level::risky, "rows may be read with other rights or from elsewhere"};
  return {Level::harmless, "a matter of storage"};
}

Meaning changed_kind(const Object& expected, const Object& live) {
  const std::string_view kind = live.property("kind").value_or("");
  if (kind == "composite") return {Level::breaking, "a type now: every statement that reads it fails", "42809"};
  const bool written = expected.kind == "table" || expected.kind == "foreigntable" || expected.property("updatable");
  if (written && kind == "matview") return {Level::breaking, "a matview now: writing to it fails", "42809"};
  if (written && kind == "view" && !live.property("updatable")) return read_only();
  if (expected.kind == "table" && kind == "foreigntable")
    return {Level::breaking, "a foreigntable now: ON CONFLICT on its keys fails", "42P10"};
  if (expected.kind == "table")
    return {Level::risky, fmt::format("a {} now: TRUNCATE and COPY into it fail", kind), "42809"};
  return {Level::risky, fmt::format("a {} now: it may show other rows", kind)};
}

bool is_view(std::string_view identity, const Description& objects) {
  return find(objects, "view", identity) != nullptr || find(objects, "matview", identity) != nullptr;
}

/// A view with the same columns in another order, or with new ones between them.
Meaning changed_order(const Object& expected, const Object& live, const Sides& sides) {
  const auto before = split(expected.property("columns").value_or(""), ',');
  const auto after = split(live.property("columns").value_or(""), ',');
  const bool complete = std::ranges::all_of(
      before, [&](std::string_view column) { return std::ranges::find(after, column) != after.end(); });
  const bool longer = std::ranges::mismatch(before, after).in1 == before.end();
  if (is_view(expected.identity, sides.expected) && complete && !longer)
    return {Level::breaking, "SELECT * gives its columns in another order"};
  return *row_of(changed_rules(), "colorder");
}

bool is_function(std::string_view kind) { return kind == "function" || kind == "procedure" || kind == "aggregate"; }
bool is_column(std::string_view kind) { return kind == "column" || kind == "viewcolumn" || kind == "attribute"; }
bool is_relation(std::string_view kind) {
  return kind == "table" || kind == "foreigntable" || kind == "composite" || kind == "view" || kind == "matview";
}

Meaning changed_value(const Object& expected, const Object& live, std::string_view property) {
  if (expected.kind == "attribute") return {Level::breaking, "values of the type are written otherwise", "42883"};
  return expected.kind == "domain" ? changed_domain(expected, live, property)
                                   : changed_column(expected, live, property);
}

Meaning changed_other(const Object& expected, const Object& live, std::string_view property) {
  if (expected.kind == "range" && property == "subtype")
    return {Level::breaking, "values of the old subtype are refused", "42883"};
  if (expected.kind == "enum") return changed_labels(expected, live);
  if (expected.kind == "sequence") return changed_sequence(property);
  const Meaning* meaning = row_of(changed_rules(), expected.kind);
  return meaning != nullptr ? *meaning : Meaning{Level::risky, "it may act otherwise"};
}

}  // namespace

Meaning missing(const Object& expected, const Sides& sides) {
  if (expected.kind == "constraint") return missing_constraint(expected, sides);
  if (expected.kind == "index") return missing_index(expected, sides);
  if (expected.kind == "policy") return policy(expected, sides, expected.property("restrictive").has_value());
  if (const Meaning* meaning = row_of(missing_rules(), expected.kind)) return *meaning;
  return {Level::risky, "the program may need it"};
}

Meaning extra(const Object& live, const Sides& sides) {
  if (live.kind == "table" || live.kind == "foreigntable") return extra_table(live, sides);
  if (live.kind == "column") return extra_column(live, sides);
  if (live.kind == "constraint") return extra_constraint(live, sides);
  if (live.kind == "index") return extra_index(live, sides);
  if (live.kind == "policy") return policy(live, sides, !live.property("restrictive"));
  if (is_function(live.kind)) return extra_function(live, sides);
  if (const Meaning* meaning = row_of(extra_rules(), live.kind)) return *meaning;
  return {Level::harmless, "the program does not name it"};
}

Meaning changed(const Object& expected, const Object& live, std::string_view property, const Sides& sides) {
  const std::string_view kind = expected.kind;
  if (property == "kind") return changed_kind(expected, live);
  if (is_column(kind) || kind == "domain") return changed_value(expected, live, property);
  if (kind == "constraint") return changed_constraint(expected, live, property, sides);
  if (kind == "index") return changed_index(expected, live, property, sides);
  if (kind == "policy") return policy(live, sides, false);
  if (kind == "colorder") return changed_order(expected, live, sides);
  if (kind == "function" || kind == "procedure") return changed_function(expected, live);
  if (is_relation(kind) && property != "def") return changed_table(expected, live, property, sides);
  return changed_other(expected, live, property);
}

}  // namespace schemagate
