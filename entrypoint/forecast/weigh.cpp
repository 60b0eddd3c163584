#include "forecast/weigh.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "forecast/right.hpp"
#include "forecast/type.hpp"
#include "migrations/lexer.hpp"
#include "schema/column_rules.hpp"

namespace schemagate {
namespace {

std::string full_name(const Relation& relation) { return relation.schema + "." + relation.name; }

const TableConstraint* constraint(const Relation& relation, const std::string& name) {
  const auto found = std::ranges::find(relation.constraints, name, &TableConstraint::name);
  return found == relation.constraints.end() ? nullptr : &*found;
}

const Column* column(const Relation& relation, const std::string& name) {
  const auto found = relation.columns.find(name);
  return found == relation.columns.end() ? nullptr : &found->second;
}

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

Older older(Level level) {
  if (level == Level::harmless) return Older::works;
  return level == Level::breaking ? Older::breaks : Older::risky;
}

Notice plain_notice(const Claim& claim, const std::string& object, const std::string& key = {}) {
  return {claim.harm.older, std::string{claim.harm.sqlstate}, object, std::string{claim.harm.why}, key};
}

/// `(a IS NOT NULL)`, as pg_get_expr() prints it; NotNullImpliedByRelConstraints proves more (tablecmds.c).
bool proves_not_null(const TableConstraint& check, const std::string& column) {
  if (check.kind != 'c' || !check.valid) return false;
  return check.check == "(" + column + " IS NOT NULL)" || check.check == "(\"" + column + "\" IS NOT NULL)";
}

/// USING that is the cast ALTER would do itself.
bool is_plain(const Claim& claim) {
  std::string text;
  for (const char c : claim.names.empty() ? "" : claim.names[0])
    if (c != ' ' && c != '(' && c != ')') text += c;
  if (text.empty()) return true;
  const std::size_t cast = text.find("::");
  return folded(text.substr(0, cast)) == claim.object && cast != std::string::npos &&
         text.find("::", cast + 2) == std::string::npos;
}

}  // namespace

bool Weigher::is_volatile(const std::string& function) const {
  const auto found = facts_.functions.find(folded(function));
  return found == facts_.functions.end() || found->second == 'v';
}

Work Weigher::new_column(const Claim& claim, const Relation& relation, Step& step) const {
  const bool is_new = column(relation, claim.object) == nullptr;
  if (is_new && claim.not_null && !claim.filled && relation.kind == 'r')
    step.notes.push_back(
        fmt::format("fails (23502) if {} has a row: the column is NOT NULL without a default", full_name(relation)));
  const bool moving =
      std::ranges::any_of(claim.names, [this](const std::string& function) { return is_volatile(function); });
  return moving ? Work::rewrite : claim.work;
}

Work Weigher::new_type(const Claim& claim, const Relation& relation) const {
  const Column* known = column(relation, claim.object);
  const bool utc = facts_.time_zone == "UTC" || facts_.time_zone == "Etc/UTC" || facts_.time_zone == "GMT";
  if (known == nullptr || !is_plain(claim) || rewrites(known->type, canonical_type(claim.type), utc))
    return Work::rewrite;
  const auto checks = [&](const TableConstraint& key) { return key.kind == 'c' && has(key.columns, claim.object); };
  const bool same = known->type == canonical_type(claim.type);
  return std::ranges::any_of(relation.constraints, checks) && !same ? Work::scan : Work::catalog;
}

Work Weigher::work_of(const Claim& claim, const Relation& relation, Step& step) const {
  const Column* known = column(relation, claim.object);
  if (claim.act == Act::add_column) return new_column(claim, relation, step);
  if (claim.act == Act::column_type) return new_type(claim, relation);
  if (claim.act == Act::validate) {
    const TableConstraint* checked = constraint(relation, claim.object);
    return checked != nullptr && checked->valid ? Work::catalog : claim.work;
  }
  if (claim.act != Act::set_not_null) return claim.work;
  const auto proves = [&](const TableConstraint& check) { return proves_not_null(check, claim.object); };
  if (known != nullptr && (known->not_null || std::ranges::any_of(relation.constraints, proves))) return Work::catalog;
  return claim.work;
}

/// A claim on a column that is there.
std::optional<Notice> Weigher::column_notice(const Claim& claim, const Relation& relation, const Column& known) const {
  const std::string object = full_name(relation) + "." + claim.object;
  switch (claim.act) {
    case Act::column_type:
      return type_notice(claim, known, object);
    case Act::set_not_null:
      if (known.not_null) return Notice{};
      if (known.filled) return Notice{Older::risky, "23502", object, "statements that write NULL fail", {}};
      return std::nullopt;
    case Act::set_default:
      return known.filled ? std::nullopt : std::optional{Notice{}};
    case Act::drop_default:
      if (known.not_null) return Notice{Older::breaks, "23502", object, "every INSERT that leaves it out fails", {}};
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

Notice Weigher::type_notice(const Claim& claim, const Column& known, const std::string& object) const {
  const std::string to = canonical_type(claim.type);
  if (known.type == to) return {};
  const Meaning meaning = changed_type(known.type, to);
  return {older(meaning.level), meaning.sqlstate, object, known.type + " becomes " + to + ": " + meaning.reason,
          fmt::format("{} becomes {}", names_.full(claim.type), names_.full(known.type))};
}

Notice Weigher::notice_of(const Claim& claim, const Relation& relation) const {
  if (const Column* known = column(relation, claim.object))
    if (const auto notice = column_notice(claim, relation, *known)) return *notice;
  const bool renamed = claim.act == Act::rename_table;
  Notice notice = plain_notice(claim, full_name(relation));
  if (!renamed && !claim.object.empty()) notice.object += "." + claim.object;
  if (renamed || claim.act == Act::drop_table) notice.key = "relation " + full_name(relation);
  return notice;
}

void Weigher::add_index(const Claim& claim, const Relation& index, Step& step) {
  const Relation* table = reach_.known(index.table);
  if (table == nullptr) return;
  reach_.lock(*table, claim.lock, claim.work, claim.waits, step);
  if (claim.act == Act::drop_index && index.unique)
    step.notices.push_back({Older::breaks, "42P10", full_name(index), "ON CONFLICT no longer finds it", {}});
}

/// Who needs what PostgreSQL asks for before it takes the lock.
void Weigher::require_right(const Claim& claim, const Relation& relation) {
  if (facts_.superuser || other_role_ || claim.right.empty() || claim.right == "CREATE") return;
  const auto has_right = [&](std::string_view right) { return relation.rights.contains(std::string{right}); };
  const Relation* table = reach_.known(relation.table);
  if (has_right("OWNER") || has_right(claim.right) || (table != nullptr && table->rights.contains("OWNER"))) return;
  const Problem missing = missing_right(claim.right, relation, facts_.role, facts_.version);
  problem(missing.code, missing.what, missing.next);
}

void Weigher::require_schema(const Claim& claim) {
  if (facts_.superuser || other_role_ || claim.right != "CREATE") return;
  const std::string full = names_.full(claim.relation);
  const auto schema = facts_.schemas.find(full.substr(0, full.find('.')));
  if (schema == facts_.schemas.end() || schema->second) return;
  const Problem missing = missing_schema_right(schema->first, facts_.role);
  problem(missing.code, missing.what, missing.next);
}

void Weigher::problem(int code, const std::string& what, const std::string& next) {
  if (std::ranges::find(problems_, what, &Problem::what) == problems_.end()) problems_.push_back({code, what, next});
}

void Weigher::add_known(const Claim& claim, const Relation& relation, Step& step) {
  require_right(claim, relation);
  if (claim.act == Act::drop_index || claim.act == Act::reindex_index) add_index(claim, relation, step);
  const Work work = work_of(claim, relation, step);
  reach_.lock_all(claim, relation, work, step);
  if (claim.act != Act::drop_index) {
    const Notice notice = notice_of(claim, relation);
    if (notice.older != Older::works)
      step.notices.push_back(notice);
    else if (!notice.why.empty())
      step.notes.push_back(notice.why);
  }
  step.every_row = step.every_row || (claim.act == Act::write && claim.whole);
}

void Weigher::change_names(const Claim& claim, std::optional<Oid> found) {
  if (claim.act == Act::create || claim.act == Act::replace) {
    if (!found) names_.make(claim.relation);
    restored_.insert("relation " + names_.full(claim.relation));
  }
  if (claim.act == Act::drop_table || claim.act == Act::drop_index) names_.drop(claim.relation);
  if (claim.act != Act::rename_table) return;
  names_.rename(claim.relation, claim.object);
  const std::string full = names_.full(claim.relation);
  restored_.insert("relation " + full.substr(0, full.find('.') + 1) + folded(claim.object));
}

void Weigher::drop_type(const Claim& claim, Step& step) {
  const auto found = types_.find(names_.full(claim.object));
  const std::string first = found == types_.end() ? names_.full(claim.object) : found->second;
  if (!first.empty()) step.notices.push_back(plain_notice(claim, first, "type " + first));
  types_[names_.full(claim.object)] = "";
}

void Weigher::rename_type(const Claim& claim, Step& step) {
  const std::string from = names_.full(claim.object);
  const std::string to = from.substr(0, from.find('.') + 1) + folded(claim.names.at(0));
  const auto found = types_.find(from);
  const std::string first = found == types_.end() ? from : found->second;
  if (!first.empty()) step.notices.push_back(plain_notice(claim, first, "type " + first));
  types_[to] = first;
  types_.erase(from);
  restored_.insert("type " + to);
  restored_.insert(fmt::format("{} becomes {}", from, to));
}

/// Aggregates and the like of PostgreSQL's own; the others may be anything.
void Weigher::query(const Claim& claim, Step& step) const {
  for (const std::string& function : claim.names) {
    if (facts_.own_functions.contains(folded(function))) continue;
    step.unknown = true;
    step.notes.push_back(fmt::format("what {}() does cannot be told", function));
  }
}

void Weigher::extension(const Claim& claim, Step& step) {
  if (const auto refused = refused_extension(claim.object, claim.conditional, facts_))
    problem(refused->code, refused->what, refused->next);
  const auto found = facts_.extensions.find(claim.object);
  if (found != facts_.extensions.end() && found->second.installed && claim.conditional)
    step.notes.emplace_back("it is there already: nothing is done");
}

void Weigher::without_relation(const Claim& claim, Step& step) {
  switch (claim.act) {
    case Act::search_path:
      return names_.search(claim.names);
    case Act::set_role:
      other_role_ = true;
      return;
    case Act::extension:
      return extension(claim, step);
    case Act::query:
      return query(claim, step);
    case Act::create_type:
      types_[names_.full(claim.object)] = "";
      restored_.insert("type " + names_.full(claim.object));
      return;
    case Act::drop_type:
      return drop_type(claim, step);
    case Act::rename_type:
      return rename_type(claim, step);
    default:
      break;
  }
  if (claim.harm.older != Older::works)
    step.notices.push_back(plain_notice(claim, claim.object));
  else if (!claim.harm.why.empty())
    step.notes.emplace_back(claim.harm.why);
}

void Weigher::add(const Claim& claim, Step& step) {
  if (claim.act == Act::unknown) step.unknown = true;
  if (claim.relation.empty()) return without_relation(claim, step);
  const std::optional<Oid> found = names_.find(claim.relation);
  if (claim.act == Act::create || claim.act == Act::replace) {
    if (!found) require_schema(claim);
  } else if (!found) {
    step.notes.push_back(claim.relation + (claim.conditional
                                               ? " is not there: nothing is done"
                                               : " is not there, or this role does not see it: the statement fails"));
  } else if (const Relation* relation = reach_.known(*found)) {
    add_known(claim, *relation, step);
  }
  change_names(claim, found);
}

/// CREATE … IF NOT EXISTS of what is there; for an index its table is locked before that is known.
bool Weigher::is_done(const Claims& claims, Step& step) {
  const bool done = std::ranges::any_of(claims, [this](const Claim& claim) {
    return claim.act == Act::create && claim.conditional && names_.find(claim.relation).has_value();
  });
  if (!done) return false;
  if (Claim table = claims.front(); table.act != Act::create) {
    table.work = Work::catalog;
    table.harm = {};
    add(table, step);
  }
  step.notes.emplace_back("it is there already: nothing is done");
  return true;
}

void Weigher::weigh(const Claims& claims, Step& step) {
  if (is_done(claims, step)) return;
  for (const Claim& claim : claims) add(claim, step);
}

}  // namespace schemagate
