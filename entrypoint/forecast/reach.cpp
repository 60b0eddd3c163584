#include "forecast/reach.hpp"

#include <algorithm>
#include <utility>

namespace schemagate {
namespace {

std::string full_name(const Relation& relation) { return relation.schema + "." + relation.name; }

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

/// To any of the columns; to the table when none is named.
bool refers(const TableConstraint& key, Oid table, const std::vector<std::string>& columns) {
  const auto named = [&](const std::string& column) { return has(columns, column); };
  return key.kind == 'f' && key.other == table && (columns.empty() || std::ranges::any_of(key.other_columns, named));
}

/// A key that was never checked is not checked again.
Work checked(const TableConstraint& key, Work work) { return !key.valid && work == Work::scan ? Work::catalog : work; }

void merge(Touch touch, std::vector<Touch>& touches) {
  const auto found = std::ranges::find(touches, touch.oid, &Touch::oid);
  if (found == touches.end()) return touches.push_back(std::move(touch));
  found->lock = std::max(found->lock, touch.lock);
  found->work = std::max(found->work, touch.work);
  found->waits = found->waits || touch.waits;
}

}  // namespace

const Relation* Reach::known(Oid oid) const {
  const auto found = facts_.relations.find(oid);
  return oid == 0 || found == facts_.relations.end() ? nullptr : &found->second;
}

void Reach::lock(const Relation& relation, LockMode mode, Work work, bool waits, Step& step) const {
  if (mode == LockMode::none) return;
  Touch touch{.oid = relation.oid,
              .relation = full_name(relation),
              .kind = relation.kind,
              .lock = mode,
              .work = work,
              .rows = relation.rows,
              .bytes = relation.bytes,
              .reads = relation.reads,
              .writes = relation.writes,
              .waits = waits};
  if (const Relation* table = known(relation.table)) touch.index_of = full_name(*table);
  merge(std::move(touch), step.touches);
}

void Reach::lock_alone(const Relation& relation, Work work, Step& step) const {
  lock(relation, LockMode::access_exclusive, work, false, step);
}

void Reach::lock_tree(const Relation& relation, const Claim& claim, Work work, Step& step) const {
  lock(relation, claim.lock, work, claim.waits, step);
  if (claim.only) return;
  for (const auto& [oid, child] : facts_.relations)
    if (std::ranges::find(child.parents, relation.oid) != child.parents.end()) lock_tree(child, claim, work, step);
}

/// Dropping a key takes its triggers from the other table too (RemoveTriggerById in src/backend/commands/trigger.c).
void Reach::lock_referred(const Relation& relation, const std::string& column, Work work, Step& step) const {
  for (const TableConstraint& key : relation.constraints)
    if (const Relation* other = known(key.other); other != nullptr && (column.empty() || has(key.columns, column)))
      lock_alone(*other, checked(key, work), step);
}

void Reach::lock_referring(const Relation& relation, const std::vector<std::string>& columns, Work work,
                           Step& step) const {
  for (const auto& [oid, other] : facts_.relations)
    for (const TableConstraint& key : other.constraints)
      if (oid != relation.oid && refers(key, relation.oid, columns)) lock_alone(other, checked(key, work), step);
}

/// They go with what they read.
void Reach::lock_views(const Relation& relation, Step& step) const {
  for (const Oid oid : relation.views)
    if (const Relation* view = known(oid)) {
      lock_alone(*view, Work::catalog, step);
      lock_views(*view, step);
    }
}

/// A key is checked again where the operator that compares its columns changes.
void Reach::lock_column(const Claim& claim, const Relation& relation, Work work, Step& step) const {
  const Work again = work == Work::rewrite ? Work::scan : Work::catalog;
  lock_referred(relation, claim.object, again, step);
  if (claim.act == Act::column_type || claim.cascade) lock_referring(relation, {claim.object}, again, step);
}

void Reach::lock_constraint(const Claim& claim, const Relation& relation, Step& step) const {
  const auto dropped = std::ranges::find(relation.constraints, claim.object, &TableConstraint::name);
  if (dropped == relation.constraints.end()) return;
  if (const Relation* other = known(dropped->other)) return lock_alone(*other, Work::catalog, step);
  if (claim.cascade && !dropped->columns.empty()) lock_referring(relation, dropped->columns, Work::catalog, step);
}

void Reach::lock_dropped(const Claim& claim, const Relation& relation, Step& step) const {
  lock_referred(relation, "", Work::catalog, step);
  if (claim.cascade) {
    lock_referring(relation, {}, Work::catalog, step);
    lock_views(relation, step);
  }
  for (const Oid oid : relation.parents)
    if (const Relation* parent = known(oid); parent != nullptr && parent->kind == 'p')
      lock_alone(*parent, Work::catalog, step);
}

void Reach::lock_all(const Claim& claim, const Relation& relation, Work work, Step& step) const {
  switch (claim.act) {
    case Act::partition:
      lock(relation, claim.lock, Work::catalog, claim.waits, step);
      if (const Relation* rest = known(relation.rest)) lock_alone(*rest, claim.work, step);
      return;
    case Act::reindex_index:
      return;
    default:
      lock_tree(relation, claim, work, step);
  }
  if (claim.act == Act::drop_column || claim.act == Act::column_type) lock_column(claim, relation, work, step);
  if (claim.act == Act::drop_constraint) lock_constraint(claim, relation, step);
  if (claim.act == Act::drop_table) lock_dropped(claim, relation, step);
  if (claim.act == Act::truncate && claim.cascade) lock_referring(relation, {}, Work::empty, step);
}

}  // namespace schemagate
