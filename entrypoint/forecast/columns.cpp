#include "forecast/columns.hpp"

#include <fmt/format.h>

#include "forecast/type.hpp"
#include "schema/column_rules.hpp"

namespace schemagate {
namespace {

Older older(Level level) {
  if (level == Level::harmless) return Older::works;
  return level == Level::breaking ? Older::breaks : Older::risky;
}

/// As older images know it.
const Column* first(const Relation& relation, const std::string& name) {
  const auto found = relation.columns.find(name);
  return found == relation.columns.end() ? nullptr : &found->second;
}

/// Whoever leaves it out is refused already.
bool is_asked_for(const Column* column) { return column != nullptr && column->not_null && !column->filled; }

Notice breaks(const Claim& claim, const std::string& object, const std::string& key) {
  return {Older::breaks, std::string{claim.harm.sqlstate}, object, std::string{claim.harm.why}, key};
}

std::optional<Notice> forbids_null(const Claim& claim, const Column& now, const Column* before,
                                   const std::string& object, const std::string& key) {
  if (now.not_null || is_asked_for(before)) return Notice{};
  if (!now.filled) return breaks(claim, object, key);
  // Nobody writes NULL to what he does not know, or what refused it.
  if (before == nullptr || before->not_null) return Notice{};
  return Notice{Older::risky, "23502", object, "statements that write NULL fail", {}};
}

std::optional<Notice> loses_default(const Column& now, const Column* before, const std::string& object,
                                    const std::string& key) {
  if (is_asked_for(before) || !now.filled) return Notice{};
  if (now.not_null) return Notice{Older::breaks, "23502", object, "every INSERT that leaves it out fails", key};
  return before != nullptr && before->filled ? std::nullopt : std::optional{Notice{}};
}

std::optional<Notice> gets_default(const Claim& claim, const Column* before) {
  if (claim.harm.older == Older::breaks || (before != nullptr && before->filled)) return std::nullopt;
  return Notice{};
}

std::optional<Notice> arrives(const Claim& claim, const Column* now, const Column* before, const std::string& object,
                              const std::string& key) {
  if (now != nullptr && claim.if_column) return Notice{.why = "it is there already: nothing is done"};
  if (claim.harm.older != Older::breaks) return std::nullopt;
  return is_asked_for(before) ? Notice{} : breaks(claim, object, key);
}

/// What was not there before, or is not there now.
std::optional<Notice> leaves(const Claim& claim, const Column* now, const Column* before, const std::string& object,
                             const std::string& key) {
  if (now == nullptr && claim.if_column) return Notice{.why = "it is not there: nothing is done"};
  if (now != nullptr && before == nullptr) return Notice{};
  return breaks(claim, object, key);
}

}  // namespace

std::string full_name(const Relation& relation) { return relation.schema + "." + relation.name; }

std::string column_key(const char* of, const Relation& relation, const std::string& name) {
  return fmt::format("{} {}.{}", of, full_name(relation), name);
}

Notice type_notice(const std::string& from, const std::string& to, const std::string& object) {
  if (from == to) return {};
  const Meaning meaning = changed_type(from, to);
  return {older(meaning.level), meaning.sqlstate, object, from + " becomes " + to + ": " + meaning.reason, {}};
}

const Column* Columns::find(const Relation& relation, const std::string& name) const {
  const auto found = changed_.find({relation.oid, name});
  if (found == changed_.end()) return first(relation, name);
  return found->second ? &*found->second : nullptr;
}

std::optional<Notice> Columns::notice(const Claim& claim, const Relation& relation) const {
  const Column* now = find(relation, claim.object);
  const Column* before = first(relation, claim.object);
  const std::string object = full_name(relation) + "." + claim.object;
  const auto key = [&](const char* of) { return column_key(of, relation, claim.object); };
  if (claim.act == Act::drop_column || claim.act == Act::rename_column)
    return leaves(claim, now, before, object, key("column"));
  if (claim.act == Act::add_column) return arrives(claim, now, before, object, key("default"));
  if (now == nullptr) return std::nullopt;
  if (claim.act == Act::set_not_null) return forbids_null(claim, *now, before, object, key("null"));
  if (claim.act == Act::drop_default) return loses_default(*now, before, object, key("default"));
  return claim.act == Act::set_default ? gets_default(claim, before) : std::nullopt;
}

void Columns::put(const Relation& relation, const std::string& name, const Column& column, Restored& restored) {
  changed_[{relation.oid, name}] = column;
  const Column* before = first(relation, name);
  if (before == nullptr) return;
  Notice notice = type_notice(before->type, column.type, {});
  if (notice.older != Older::breaks) notice = {Older::risky, "", "", "another of this name takes its place", {}};
  restored.insert_or_assign(column_key("column", relation, name), notice);
}

void Columns::remove(const Relation& relation, const std::string& name) {
  changed_[{relation.oid, name}] = std::nullopt;
}

void Columns::alter(const Claim& claim, const Relation& relation, Restored& restored) {
  const Column* now = find(relation, claim.object);
  if (now == nullptr) return;
  Column column = *now;
  const auto restore = [&](const char* of, Notice notice) {
    restored.insert_or_assign(column_key(of, relation, claim.object), std::move(notice));
  };
  if (claim.act == Act::set_not_null) column.not_null = true;
  if (claim.act == Act::drop_default) column.filled = false;
  if (claim.act == Act::column_type) {
    column.type = canonical_type(claim.type);
    column.collation = claim.collation;
  }
  if (claim.act == Act::set_default) {
    column.filled = true;
    restore("default", {Older::risky, "", "", "rows that leave it out get the default that is set later", {}});
    restore("null", {Older::risky, "23502", "", "statements that write NULL fail", {}});
  }
  if (claim.act == Act::drop_not_null) {
    column.not_null = false;
    restore("default", {Older::risky, "", "", "rows that leave it out get NULL", {}});
    restore("null", {Older::risky, "", "", "NULL is refused, and allowed again later", {}});
  }
  changed_[{relation.oid, claim.object}] = column;
}

void Columns::change(const Claim& claim, const Relation& relation, Restored& restored) {
  const Column* now = find(relation, claim.object);
  switch (claim.act) {
    case Act::add_column:
      if (now == nullptr)
        put(relation, claim.object, {canonical_type(claim.type), claim.not_null, claim.filled}, restored);
      return;
    case Act::rename_column:
      if (now != nullptr) put(relation, claim.names.at(0), Column{*now}, restored);
      return remove(relation, claim.object);
    case Act::drop_column:
      return remove(relation, claim.object);
    case Act::set_not_null:
    case Act::drop_not_null:
    case Act::set_default:
    case Act::drop_default:
    case Act::column_type:
      return alter(claim, relation, restored);
    default:
      return;
  }
}

}  // namespace schemagate
