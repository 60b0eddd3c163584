#include "check/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "check/names.hpp"
#include "check/released.hpp"
#include "check/shipping.hpp"
#include "check/tracking.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* not_started = "an image with it does not start (78)";

/// `FILE` or `FILE:LINE`.
Issue told(const Report& report, const char* rule) {
  const std::size_t colon = report.where.rfind(':');
  const auto line = colon == std::string::npos ? std::nullopt : whole_number(report.where.substr(colon + 1));
  return {Severity::error,
          rule,
          line ? report.where.substr(0, colon) : report.where,
          static_cast<std::size_t>(line.value_or(0)),
          report.what,
          not_started,
          report.next};
}

void add_snapshot(const Evidence& facts, std::vector<Issue>& issues) {
  if (!facts.snapshot) return;
  if (facts.snapshot->broken) return issues.push_back(told(*facts.snapshot->broken, "snapshot"));
  if (facts.snapshot->contradictions.empty() || !facts.broken.empty()) return;
  issues.push_back({Severity::error, "snapshot", facts.snapshot->path, 0,
                    "not made from these migrations:\n" + listed(facts.snapshot->contradictions), not_started,
                    "if a migration was changed by mistake, restore it; else " + facts.snapshot->remedy});
}

bool has(const std::vector<Issue>& issues, std::initializer_list<const char*> rules) {
  return std::ranges::any_of(issues, [&](const Issue& issue) {
    return issue.severity == Severity::error && std::ranges::find(rules, issue.rule) != rules.end();
  });
}

/// What was edited is to be restored, not to be committed.
void drop_commits_of_edited(std::vector<Issue>& issues) {
  const std::vector<Issue> all = issues;
  std::erase_if(issues, [&](const Issue& issue) {
    const auto is_edit = [&](const Issue& other) { return other.rule == "edited" && other.file == issue.file; };
    return issue.rule == "uncommitted" && std::ranges::any_of(all, is_edit);
  });
}

/// For every context that is as likely.
std::string copied(const Evidence& facts) {
  std::vector<std::string> parts;
  for (const auto& [context, landed] : shipped(facts.recipe)) {
    if (landed.how != Landing::copied) return "";
    const std::string by =
        parts.empty() ? fmt::format("copied by {}:{} ", facts.recipe.dockerfile->path, landed.line) : "";
    parts.push_back(fmt::format("{}to {} (build context {})", by, landed.place, context->path));
  }
  return join(parts, " or ");
}

void append(std::vector<Issue>& all, std::vector<Issue> more) { std::ranges::move(more, std::back_inserter(all)); }

}  // namespace

std::vector<Issue> judge(const Evidence& facts) {
  std::vector<Issue> issues = refused_names(facts.folder, facts.broken);
  if (!issues.empty()) return issues;
  for (const Report& report : facts.broken) issues.push_back(told(report, "file"));
  append(issues, odd_migrations(facts.folder));
  append(issues, untracked(facts));
  append(issues, altered(facts));
  drop_commits_of_edited(issues);
  append(issues, left_behind(facts));
  add_snapshot(facts, issues);
  std::ranges::stable_sort(issues, {}, &Issue::severity);
  return issues;
}

std::string looked_at(const Evidence& facts, const std::vector<Issue>& issues) {
  std::string all = counted(facts.folder.migrations.size(), "migration") + " in " + facts.folder.path;
  if (has(issues, {"name"})) return all;
  std::vector<std::string> parts;
  if (facts.repository.state == Repository::State::found && facts.repository.filtered.empty() &&
      !has(issues, {"untracked", "ignored", "uncommitted", "conflict"}))
    parts.emplace_back(facts.staged ? "tracked and staged" : "committed");
  if (facts.repository.released && facts.repository.released->known && !facts.repository.released->tip.empty() &&
      facts.repository.filtered.empty() && !has(issues, {"base", "edited", "renamed", "deleted"}))
    parts.push_back("unchanged since " + facts.base);
  if (const std::string copies = copied(facts); !copies.empty() && !has(issues, {"context", "dockerfile"}))
    parts.push_back(copies);
  if (facts.snapshot && !has(issues, {"snapshot"})) parts.emplace_back("what the snapshot was made from");
  return parts.empty() ? all : all + ": " + join(parts, ", ");
}

}  // namespace schemagate
