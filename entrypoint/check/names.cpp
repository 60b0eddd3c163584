#include "check/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "check/shell.hpp"
#include "migrations/order.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool starts_with_digit(const Migration& migration) {
  return !migration.name.empty() && is_digit(migration.name.front());
}

std::string lower(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

void add_order(const Folder& folder, std::vector<Issue>& issues) {
  const std::vector<Migration>& all = folder.migrations;
  const bool dated = std::ranges::any_of(all, starts_with_digit);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0 && ordered_otherwise(all[i - 1].name, all[i].name))
      issues.push_back({Severity::warning, "order", all[i].file, 0,
                        fmt::format("Prisma since 6.6 applies it before {}, schemagate after it", all[i - 1].name),
                        "the two sort names differently, and which comes first depends on who migrates",
                        "rename what is not released yet: digits first, as prisma migrate dev names it"});
    else if (dated && !starts_with_digit(all[i]))
      issues.push_back({Severity::warning, "name", all[i].file, 0, "the name has no timestamp, and others have",
                        "it stays behind every one of them, also behind those that are made later",
                        "rename the folder, unless it is released: YYYYMMDDHHMMSS_name"});
  }
}

void add_twins(const Folder& folder, std::vector<Issue>& issues) {
  std::map<std::string, std::string> contents;
  std::map<std::string, std::string> names;
  for (const Migration& migration : folder.migrations) {
    if (const auto [other, fresh] = contents.emplace(migration.checksum, migration.name); !fresh)
      issues.push_back({Severity::warning, "duplicate", migration.file, 0,
                        fmt::format("the same script as {}", other->second), "it runs twice",
                        "delete the folder that was copied by mistake"});
    if (const auto [other, fresh] = names.emplace(lower(migration.name), migration.name); !fresh)
      issues.push_back({Severity::warning, "duplicate", migration.file, 0,
                        fmt::format("the same name as {} but for its case", other->second),
                        "a work tree on macOS or Windows has only one of them", "rename the one that is not released"});
  }
}

/// Nothing but blanks and comments to the end of the line.
bool is_empty(const std::string& script) {
  return std::ranges::all_of(split(script, '\n'), [](std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    return line.empty() || line.starts_with("--");
  });
}

/// Line of the first marker that git leaves in a merge; 0 without one.
std::size_t conflict(const std::string& script) {
  const std::vector<std::string_view> lines = split(script, '\n');
  const auto found = std::ranges::find_if(
      lines, [](std::string_view line) { return line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "); });
  return found == lines.end() ? 0 : static_cast<std::size_t>(found - lines.begin()) + 1;
}

void add_contents(const Migration& migration, std::vector<Issue>& issues) {
  if (is_empty(migration.script))
    issues.push_back({Severity::warning, "empty", migration.file, 0, "there is no statement in it",
                      "it is recorded as applied and changes nothing", "write the statements, or delete the folder"});
  if (const std::size_t line = conflict(migration.script); line != 0)
    issues.push_back({Severity::error, "conflict", migration.file, line, "a merge conflict is left in it",
                      "PostgreSQL refuses the script", "settle it and: git add " + migration.file});
  // https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
  if (migration.script.starts_with("version https://git-lfs.github.com/spec/"))
    issues.push_back({Severity::error, "file", migration.file, 1, "a pointer of Git LFS, and not the script",
                      "PostgreSQL refuses it", "git lfs pull --include " + quoted(migration.file)});
}

}  // namespace

std::vector<Issue> odd_migrations(const Folder& folder) {
  std::vector<Issue> issues;
  for (const std::string& warning : folder.warnings)
    issues.push_back({Severity::warning, "link", folder.path, 0, warning, "its migrations are not applied",
                      "put a real folder there"});
  add_order(folder, issues);
  add_twins(folder, issues);
  for (const Migration& migration : folder.migrations) add_contents(migration, issues);
  return issues;
}

std::vector<Issue> refused_names(const Folder& folder, const std::vector<Report>& broken) {
  std::vector<std::string> names = folder.warnings;
  for (const Migration& migration : folder.migrations) names.push_back(migration.file);
  for (const Report& report : broken) names.push_back(report.where);
  std::vector<Issue> issues;
  for (const std::string& name : names)
    if (std::ranges::any_of(name, is_control))
      issues.push_back({Severity::error, "name", name, 0, "the name has a control character",
                        "a line of it may pass for a command where lines are read as commands", "rename the folder"});
  return issues;
}

}  // namespace schemagate
