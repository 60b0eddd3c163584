#include "check/tracking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "check/shell.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* not_in_clones = "an image that is built from a clone does not have it";

Severity weight(const Watched& file) { return file.role == Watched::Role::lock ? Severity::warning : Severity::error; }

Issue unknown(const Evidence& facts, const std::string& what, const std::string& next) {
  Issue issue{
      Severity::note, "git", facts.folder.path, 0, what, "whether the files are committed cannot be known", next};
  if (facts.base.empty()) return issue;
  issue.severity = Severity::error;
  issue.why =
      fmt::format("whether the files are unchanged since {} cannot be known, and --base asks for it", facts.base);
  return issue;
}

/// git names the folder that it distrusts between quotes.
std::string distrusted(const std::string& words) {
  const std::string_view behind = cut(words, '\'').second;
  return std::string{cut(behind, '\'').first};
}

Issue refused(const Evidence& facts) {
  const std::string& words = facts.repository.words;
  if (facts.repository.partial)
    return {Severity::error,
            "git",
            facts.folder.path,
            0,
            "git failed: " + words,
            "it is a partial clone, and check fetches nothing: the repository names the program that would",
            "if you trust it: git fetch --refetch --filter=blob:none"};
  if (words.find("dubious ownership") == std::string::npos)
    return {Severity::error,
            "git",
            facts.folder.path,
            0,
            "git failed: " + words,
            "nothing is known of the files",
            "run it by hand: git -C " + quoted(facts.folder.path) + " status"};
  return {Severity::error,
          "git",
          facts.folder.path,
          0,
          fmt::format("git does not read the repository {}: it belongs to another user", distrusted(words)),
          "nothing is known of the files; usual where a container runs as another user than the one who checked out",
          "git config --global --add safe.directory " + quoted(distrusted(words))};
}

class Tracking {
 public:
  explicit Tracking(const Evidence& facts) : facts_{facts}, git_{facts.repository} {}

  std::vector<Issue> all() {
    for (const Watched& file : facts_.files) judge(file);
    for (const auto& [path, state] : git_.changed) judge_lost(path, state);
    return issues_;
  }

 private:
  void add(const Watched& file, const char* rule, std::string what, std::string why, std::string next) {
    issues_.push_back({weight(file), rule, file.shown, 0, std::move(what), std::move(why), std::move(next)});
  }

  void judge(const Watched& file) {
    if (file.path.starts_with("..")) return add_outside(file);
    const auto tracked = git_.index.find(file.path);
    const auto ignored = git_.ignored.find(file.path);
    if (tracked == git_.index.end())
      return add_missing(file, ignored == git_.ignored.end() ? nullptr : &ignored->second);
    if (ignored != git_.ignored.end()) add_forced(file, ignored->second);
    if (tracked->second.unseen)
      issues_.push_back(
          {Severity::warning, "unseen", file.shown, 0, "git is told not to look at its changes",
           "what is on disk may not be what is committed",
           fmt::format("git update-index --no-assume-unchanged --no-skip-worktree {}", quoted(file.shown))});
    if (const auto change = git_.changed.find(file.path); change != git_.changed.end())
      judge_change(file, change->second);
    if (git_.filtered.contains(file.path)) add_filtered(file);
  }

  void add_filtered(const Watched& file) {
    issues_.push_back({Severity::note, "filter", file.shown, 0, "whether it is committed as it is on disk is not known",
                       "its filter (gitattributes) would tell, a program that the configuration names: not run here",
                       "run it, if you trust the repository: git status " + quoted(file.shown)});
  }

  void add_outside(const Watched& file) {
    issues_.push_back({Severity::warning, "untracked", file.shown, 0, "it is not in the work tree of the migrations",
                       not_in_clones, "keep it beside them"});
  }

  void add_missing(const Watched& file, const GitIgnored* ignored) {
    if (ignored == nullptr)
      return add(file, "untracked", "not tracked by git", not_in_clones, "git add " + quoted(file.shown));
    add(file, "ignored", fmt::format("ignored by git: {}:{} says {}", ignored->file, ignored->line, ignored->pattern),
        fmt::format("git add passes it over; {}", not_in_clones),
        fmt::format("git add -f {}\nand take that line back: it leaves out the next one too", quoted(file.shown)));
  }

  /// One for a pattern: it is the same mistake for all.
  void add_forced(const Watched& file, const GitIgnored& ignored) {
    if (!patterns_.insert(fmt::format("{}:{}", ignored.file, ignored.line)).second) return;
    issues_.push_back({Severity::warning, "ignored", file.shown, 0,
                       fmt::format("tracked, but ignored: {}:{} says {}", ignored.file, ignored.line, ignored.pattern),
                       "git add passes over the next one like it", "take that line back"});
  }

  void judge_change(const Watched& file, const std::string& state) {
    if (contains(state, 'U') || state == "AA" || state == "DD")
      return add(file, "conflict", "a merge of it is not settled", "it cannot be committed",
                 "settle it and: git add " + quoted(file.shown));
    if (state[1] != '.')
      return add(file, "uncommitted", "changed, and not committed",
                 "an image that is built from a clone has the old one",
                 fmt::format("git add {} && git commit", quoted(file.shown)));
    if (!facts_.staged) add(file, "uncommitted", "staged, and not committed", not_in_clones, "git commit");
  }

  /// Tracked, or it was, and not on disk.
  void judge_lost(const std::string& path, const std::string& state) {
    if (std::ranges::find(facts_.files, path, &Watched::path) != facts_.files.end()) return;
    const bool optional = is_lock_file(git_, path);
    // --snapshot may name another one, or none.
    const bool is_sealed = is_snapshot(git_, path) && facts_.sealed && !facts_.snapshot;
    const bool is_watched = optional || is_migration(git_, path) || is_sealed;
    const bool is_lost = contains(state, 'D') && !contains(state, 'U') && is_watched;
    if (!is_lost || (facts_.staged && state == "D.")) return;
    const std::string name = shown(facts_, path);
    issues_.push_back({optional ? Severity::warning : Severity::error, "uncommitted", name, 0,
                       "deleted, and that is not committed", "an image that is built from a clone still has it",
                       fmt::format("git restore --staged --worktree {}", quoted(name))});
  }

  const Evidence& facts_;
  const Repository& git_;
  std::set<std::string> patterns_;
  std::vector<Issue> issues_;
};

}  // namespace

std::string shown(const Evidence& facts, const std::string& path) {
  const std::string& prefix = facts.repository.prefix;
  if (prefix.empty()) return facts.folder.path + "/" + path;
  if (path.starts_with(prefix + "/")) return facts.folder.path + path.substr(prefix.size());
  return facts.repository.top + "/" + path;
}

std::vector<Issue> untracked(const Evidence& facts) {
  switch (facts.repository.state) {
    case Repository::State::none:
      return {unknown(facts, "not in a git repository", "run it in a clone")};
    case Repository::State::no_program:
      return {unknown(facts, "git is not installed here", "install git, or run it where git is")};
    case Repository::State::refused:
      return {refused(facts)};
    case Repository::State::found:
      return Tracking{facts}.all();
  }
  return {};
}

}  // namespace schemagate
