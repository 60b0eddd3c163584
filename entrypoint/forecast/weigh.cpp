#include "forecast/weigh.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "forecast/right.hpp"
#include "forecast/type.hpp"
#include "migrations/lexer.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

const TableConstraint* constraint(const Relation& relation, const std::string& name) {
  const auto found = std::ranges::find(relation.constraints, name, &TableConstraint::name);
  return found == relation.constraints.end() ? nullptr : &*found;
}

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

Notice plain_notice(const Claim& claim, const std::string& object, const std::string& key = {}) {
  return {claim.harm.older, std::string{claim.harm.sqlstate}, object, std::string{claim.harm.why}, key};
}

constexpr const char* another = "another of this name takes its place";

/// Of what ON CONFLICT finds by these columns; empty without them.
std::string key_over(const Relation& relation, std::vector<std::string> columns) {
  std::ranges::sort(columns);
  return columns.empty() ? "" : fmt::format("key {} ({})", full_name(relation), join(columns, ", "));
}

bool is_key(const TableConstraint& constraint) { return constraint.kind == 'p' || constraint.kind == 'u'; }

/// ATPrepCmd has these run before all others (src/backend/commands/tablecmds.c).
bool is_first(const Claim& claim) {
  return claim.act == Act::drop_column || claim.act == Act::drop_constraint || claim.act == Act::drop_default ||
         claim.act == Act::drop_not_null;
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

void tell(const Notice& notice, Step& step) {
  if (notice.older != Older::works)
    step.notices.push_back(notice);
  else if (!notice.why.empty())
    step.notes.push_back(notice.why);
}

/// Columns of an index are named after what they index.
Notice lost_index(const Relation& index, const Relation& table) {
  std::vector<std::string> columns;
  for (const auto& [name, column] : index.columns)
    if (table.columns.contains(name)) columns.push_back(name);
  const bool plain = columns.size() == index.columns.size();
  return {Older::breaks, "42P10", full_name(index), "ON CONFLICT no longer finds it",
          plain ? key_over(table, columns) : ""};
}

}  // namespace

bool Weigher::is_volatile(const std::string& function) const {
  const auto found = facts_.functions.find(folded(function));
  return found == facts_.functions.end() || found->second == 'v';
}

Work Weigher::new_column(const Claim& claim, const Relation& relation, Step& step) const {
  const bool is_new = columns_.find(relation, claim.object) == nullptr;
  if (!is_new && claim.if_column) return Work::catalog;
  if (is_new && claim.not_null && !claim.filled && relation.kind == 'r')
    step.notes.push_back(
        fmt::format("fails (23502) if {} has a row: the column is NOT NULL without a default", full_name(relation)));
  const bool moving =
      std::ranges::any_of(claim.names, [this](const std::string& function) { return is_volatile(function); });
  const bool checked = domains_.rewrites(type_of(bare_type(claim.type)), claim.filled);
  return (moving || checked) && relation.kind != 'f' ? Work::rewrite : claim.work;
}

Work Weigher::new_type(const Claim& claim, const Relation& relation) const {
  const Column* known = columns_.find(relation, claim.object);
  const bool utc = facts_.time_zone == "UTC" || facts_.time_zone == "Etc/UTC" || facts_.time_zone == "GMT";
  if (known == nullptr || !is_plain(claim) || rewrites(known->type, canonical_type(claim.type), utc))
    return Work::rewrite;
  const auto checks = [&](const TableConstraint& key) { return key.kind == 'c' && has(key.columns, claim.object); };
  const std::string type = canonical_type(claim.type);
  const bool collated = known->collation != claim.collation;
  const bool checked = (known->type != type || collated) && std::ranges::any_of(relation.constraints, checks);
  const bool indexed = known->indexed && (collated || reorders(known->type, type));
  return checked || indexed ? Work::scan : Work::catalog;
}

Work Weigher::work_of(const Claim& claim, const Relation& relation, Step& step) const {
  const Column* known = columns_.find(relation, claim.object);
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

std::optional<Notice> Weigher::column_notice(const Claim& claim, const Relation& relation) const {
  if (claim.act != Act::column_type) return columns_.notice(claim, relation);
  const Column* known = columns_.find(relation, claim.object);
  if (known == nullptr) return std::nullopt;
  // Nobody knows what only a pending statement makes.
  if (!relation.columns.contains(claim.object)) return Notice{};
  Notice notice = type_notice(known->type, canonical_type(claim.type), full_name(relation) + "." + claim.object);
  if (notice.older != Older::works)
    notice.key = fmt::format("{} becomes {}", names_.full(claim.type), names_.full(known->type));
  return notice;
}

bool Weigher::has_other_key(const Relation& relation, const std::string& name, const std::string& key) const {
  const auto stays = [&](const TableConstraint& other) {
    return is_key(other) && other.name != name && key_over(relation, other.columns) == key &&
           !lost_keys_.contains({relation.oid, other.name});
  };
  return std::ranges::any_of(relation.constraints, stays) ||
         std::ranges::any_of(keys_, [&](const auto& made) { return made.first != name && made.second == key; });
}

std::optional<Notice> Weigher::key_notice(const Claim& claim, const Relation& relation) const {
  const TableConstraint* lost = constraint(relation, claim.object);
  if (lost == nullptr || !is_key(*lost)) return std::nullopt;
  const std::string object = full_name(relation) + "." + lost->name;
  const std::string key = key_over(relation, lost->columns);
  if (has_other_key(relation, lost->name, key))
    return Notice{Older::risky, "42704", object, "still unique, but ON CONFLICT ON CONSTRAINT fails", {}};
  return Notice{Older::breaks, "42P10", object,
                lost->kind == 'p' ? "ON CONFLICT on these columns fails, and GROUP BY the key alone"
                                  : "ON CONFLICT on these columns fails",
                key};
}

Notice Weigher::notice_of(const Claim& claim, const Relation& relation) const {
  if (const auto notice =
          claim.act == Act::drop_constraint ? key_notice(claim, relation) : column_notice(claim, relation))
    return *notice;
  const bool renamed = claim.act == Act::rename_table;
  Notice notice = plain_notice(claim, full_name(relation));
  if (!renamed && !claim.object.empty()) notice.object += "." + claim.object;
  if (renamed || claim.act == Act::drop_table) notice.key = "relation " + full_name(relation);
  return notice;
}

/// What breaks after something was made anew is not made good by that. A relation may have another name by now, and is
/// forgotten by it.
void Weigher::tell_older(const Notice& notice, Step& step) {
  if (notice.older == Older::breaks && !notice.key.starts_with("relation ")) restored_.erase(notice.key);
  tell(notice, step);
}

void Weigher::restore(const std::string& key) {
  restored_.insert_or_assign(key, Notice{.older = Older::risky, .why = another});
}

/// ADD … USING INDEX takes the index's name away.
void Weigher::make_key(const Claim& claim, const Relation& relation) {
  const auto index = keys_.find(claim.type);
  std::string key = key_over(relation, claim.names);
  if (key.empty() && index != keys_.end()) key = index->second;
  if (key.empty()) return;
  keys_[claim.object.empty() ? claim.type : claim.object] = key;
  restored_.insert_or_assign(key,
                             Notice{.older = Older::risky, .why = "another key over the same columns takes its place"});
}

void Weigher::lose_key(const std::string& name) {
  const auto found = keys_.find(name);
  if (found == keys_.end()) return;
  restored_.erase(found->second);
  keys_.erase(found);
}

void Weigher::add_index(const Claim& claim, const Relation& index, Step& step) {
  const Relation* table = reach_.known(index.table);
  if (table == nullptr) return;
  reach_.lock(*table, claim.lock, claim.work, claim.waits, step);
  if (claim.act == Act::drop_index && index.unique) tell_older(lost_index(index, *table), step);
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

void Weigher::require_database() {
  if (facts_.superuser || other_role_ || facts_.may_create) return;
  const Problem missing = missing_database_right("a schema", facts_);
  problem(missing.code, missing.what, missing.next);
}

/// Pending statements own what they make.
void Weigher::require_type(const Claim& claim) {
  if (facts_.superuser || other_role_) return;
  const auto renamed = types_.find(names_.full(claim.object));
  const std::string type = renamed == types_.end() ? names_.full(claim.object) : renamed->second;
  const auto found = facts_.types.find(type);
  if (found == facts_.types.end()) return;
  if (claim.act == Act::drop_type ? found->second.droppable : found->second.owned) return;
  const Problem missing = missing_type_right(type, facts_.role);
  problem(missing.code, missing.what, missing.next);
}

void Weigher::problem(int code, const std::string& what, const std::string& next) {
  if (std::ranges::find(problems_, what, &Problem::what) == problems_.end()) problems_.push_back({code, what, next});
}

void Weigher::add_known(const Claim& claim, const Relation& relation, Step& step) {
  require_right(claim, relation);
  cascade(claim, relation.kind, step);
  if (claim.act == Act::drop_index || claim.act == Act::reindex_index) add_index(claim, relation, step);
  const Work work = work_of(claim, relation, step);
  reach_.lock_all(claim, relation, work, step);
  if (claim.act != Act::drop_index) tell_older(notice_of(claim, relation), step);
  columns_.change(claim, relation, restored_);
  if (claim.act == Act::add_key) make_key(claim, relation);
  if (claim.act == Act::drop_constraint) {
    lost_keys_.insert({relation.oid, claim.object});
    lose_key(claim.object);
  }
  step.every_row = step.every_row || (claim.act == Act::write && claim.whole);
}

void Weigher::change_names(const Claim& claim, std::optional<Oid> found) {
  if (claim.act == Act::create || claim.act == Act::replace) {
    if (!found) names_.make(claim.relation);
    restore("relation " + names_.full(claim.relation));
  }
  if (claim.act == Act::drop_index) lose_key(parts(claim.relation).second);
  if (claim.act == Act::drop_table || claim.act == Act::drop_index) {
    restored_.erase("relation " + names_.full(claim.relation));
    names_.drop(claim.relation);
  }
  if (claim.act != Act::rename_table) return;
  const std::string full = names_.full(claim.relation);
  restored_.erase("relation " + full);
  names_.rename(claim.relation, claim.object);
  restore("relation " + full.substr(0, full.find('.') + 1) + folded(claim.object));
}

void Weigher::drop_type(const Claim& claim, Step& step) {
  const auto found = types_.find(names_.full(claim.object));
  const std::string first = found == types_.end() ? names_.full(claim.object) : found->second;
  restored_.erase("type " + names_.full(claim.object));
  if (!first.empty()) tell(plain_notice(claim, first, "type " + first), step);
  types_[names_.full(claim.object)] = "";
  domains_.forget(type_of(claim.object));
}

/// Where the search_path finds it.
std::string Weigher::type_of(const std::string& written) const {
  const auto [schema, name] = parts(written);
  if (!schema.empty()) return schema + "." + name;
  const auto full = [&name = name](const std::string& searched) { return fmt::format("{}.{}", searched, name); };
  for (const std::string& searched : names_.path())
    if (domains_.knows(full(searched))) return full(searched);
  return full(names_.home());
}

void Weigher::change_domain(const Claim& claim) {
  const bool moving =
      std::ranges::any_of(claim.names, [this](const std::string& function) { return is_volatile(function); });
  const std::string domain = claim.act == Act::create_type ? names_.full(claim.object) : type_of(claim.object);
  if (claim.act == Act::create_type) domains_.forget(domain);
  domains_.change(domain, type_of(bare_type(claim.type)), {.checked = claim.not_null, .moving = moving});
}

void Weigher::rename_type(const Claim& claim, Step& step) {
  const std::string from = names_.full(claim.object);
  const std::string to = from.substr(0, from.find('.') + 1) + folded(claim.names.at(0));
  const auto found = types_.find(from);
  const std::string first = found == types_.end() ? from : found->second;
  restored_.erase("type " + from);
  if (!first.empty()) tell(plain_notice(claim, first, "type " + first), step);
  types_[to] = first;
  types_.erase(from);
  domains_.rename(from, to);
  restore("type " + to);
  restore(fmt::format("{} becomes {}", from, to));
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

/// Columns, defaults, triggers and typed tables depend on more than relations.
void Weigher::cascade(const Claim& claim, char kind, Step& step) {
  if (!claim.cascade || !contains(" SiI", kind)) return;
  step.unknown = true;
  step.notes.emplace_back("CASCADE also locks, and changes, every table that depends on it");
}

void Weigher::without_relation(const Claim& claim, Step& step) {
  cascade(claim, ' ', step);
  if (claim.right == "TYPE") require_type(claim);
  if (shapes_type(claim)) change_domain(claim);
  switch (claim.act) {
    case Act::create_schema:
      return require_database();
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
      restore("type " + names_.full(claim.object));
      return;
    case Act::drop_type:
      return drop_type(claim, step);
    case Act::rename_type:
      return rename_type(claim, step);
    default:
      break;
  }
  tell(plain_notice(claim, claim.object), step);
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
    table.act = Act::other;
    table.work = Work::catalog;
    table.harm = {};
    add(table, step);
  }
  step.notes.emplace_back("it is there already: nothing is done");
  return true;
}

void Weigher::fail(const std::string& migration, const std::string& message, Step& step) {
  step.notes.push_back("PostgreSQL cannot parse it: " + message);
  reject(migration, message, fmt::format("correct {}", migration), step);
}

void Weigher::reject(const std::string& migration, const std::string& message, const std::string& next, Step& step) {
  step.unknown = true;
  problem(65, fmt::format("{}, line {}: {}", migration, step.line, message), next);
}

void Weigher::weigh(const Claims& claims, Step& step) {
  if (is_done(claims, step)) return;
  Claims ordered = claims;
  std::ranges::stable_sort(ordered, {}, [](const Claim& claim) { return !is_first(claim); });
  for (const Claim& claim : ordered) add(claim, step);
}

}  // namespace schemagate
