#include "migrations/plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "migrations/checksum.hpp"
#include "migrations/excerpt.hpp"
#include "migrations/order.hpp"
#include "migrations/progress.hpp"
#include "migrations/statement.hpp"

namespace schemagate {
namespace {

using Applied = std::multimap<std::string, const HistoryRow*>;

Applied applied_rows(const History& history) {
  Applied applied;
  for (const HistoryRow& row : history.rows)
    if (row.applied()) applied.emplace(row.name, &row);
  return applied;
}

/// With several applied rows of a name, one that matches is enough. The cheap comparison first: the other forms of
/// the checksum cost a hash each.
bool is_edited(const Migration& migration, Applied::const_iterator first, Applied::const_iterator last) {
  const auto equal = [&](const auto& entry) { return entry.second->checksum == migration.checksum; };
  const auto close = [&](const auto& entry) { return matches(migration.script, entry.second->checksum); };
  return std::none_of(first, last, equal) && std::none_of(first, last, close);
}

void place(const Migration& migration, const Applied& applied, Plan& plan) {
  const auto [first, last] = applied.equal_range(migration.name);
  if (first == last) {
    plan.pending.push_back(migration.name);
    return;
  }
  ++plan.applied;
  if (is_edited(migration, first, last))
    plan.edited.push_back({migration.name, migration.file, std::prev(last)->second->checksum, migration.checksum});
}

std::vector<std::string> unknown(std::span<const Migration> folder, const Applied& applied) {
  std::set<std::string> names;
  for (const auto& [name, row] : applied)
    if (!std::ranges::binary_search(folder, name, {}, &Migration::name)) names.insert(name);
  return {names.begin(), names.end()};
}

/// An edited file may have other parts.
const Migration* same_file(const HistoryRow& row, std::span<const Migration> folder) {
  const auto found = std::ranges::lower_bound(folder, row.name, {}, &Migration::name);
  return found != folder.end() && found->name == row.name && found->checksum == row.checksum ? &*found : nullptr;
}

bool is_inside(const Progress& progress, const std::string& script) {
  if (progress.running == 0 || progress.done > script.size()) return false;
  return action(std::string_view{script}.substr(progress.done)).effect == Effect::unknown;
}

/// Which kind of unfinished it is.
void place_unfinished(const HistoryRow& row, std::span<const Migration> folder, Plan& plan) {
  const Migration* file = same_file(row, folder);
  const auto progress = parse_progress(row.logs);
  if (file == nullptr || !progress)
    plan.failed.push_back(row);
  else if (is_inside(*progress, file->script))
    plan.stuck.push_back({row, line_behind(*file, progress->done)});
  else
    plan.begun.push_back(row);
}

/// Once both are applied their order is history, and not worth a word at every start.
std::vector<std::pair<std::string, std::string>> ambiguous(std::span<const Migration> folder, const Plan& plan) {
  const auto is_pending = [&](const Migration& m) { return std::ranges::binary_search(plan.pending, m.name); };
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 1; i < folder.size(); ++i)
    if ((is_pending(folder[i - 1]) || is_pending(folder[i])) && ordered_otherwise(folder[i - 1].name, folder[i].name))
      pairs.emplace_back(folder[i - 1].name, folder[i].name);
  return pairs;
}

}  // namespace

Plan make_plan(std::span<const Migration> folder, const History& history) {
  const Applied applied = applied_rows(history);
  Plan plan;
  for (const Migration& migration : folder) place(migration, applied, plan);
  if (!applied.empty())
    std::ranges::copy_if(plan.pending, std::back_inserter(plan.late),
                         [&](const std::string& name) { return name < applied.rbegin()->first; });
  plan.ambiguous = ambiguous(folder, plan);
  plan.ahead = unknown(folder, applied);
  for (const HistoryRow& row : history.rows)
    if (row.failed()) place_unfinished(row, folder, plan);
  plan.tables = history.tables;
  return plan;
}

}  // namespace schemagate
