#include "check/released.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "check/blob.hpp"
#include "check/shell.hpp"
#include "check/show.hpp"
#include "check/tracking.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

/// The migration's folder, of a path that ends in /migration.sql.
std::string name_of(const std::string& path) { return std::filesystem::path{path}.parent_path().filename().string(); }

std::string object_of(const Tree& tree, const std::string& path) {
  const auto found = tree.find(path);
  return found == tree.end() ? "" : found->second;
}

class Altered {
 public:
  explicit Altered(const Evidence& facts) : facts_{facts}, released_{*facts.repository.released} {}

  std::vector<Issue> all() {
    if (!released_.known || (!released_.joined && facts_.repository.shallow)) return {unknown()};
    if (!released_.joined)
      add(Severity::note, facts_.folder.path, "base", fmt::format("HEAD and {} have no commit in common", facts_.base),
          "what was released is taken from its tip alone", "");
    if (released_.tip.empty())
      add(Severity::note, facts_.folder.path, "base", fmt::format("{} has no migrations there", facts_.base),
          "all of them count as new", "");
    if (!released_.folder.empty())
      add(Severity::note, facts_.folder.path, "base",
          fmt::format("{} has them in {}", facts_.base, on_one_line(released_.folder)), "compared with those", "");
    judge();
    judge_snapshot();
    judge_order();
    return issues_;
  }

 private:
  void add(Severity severity, const std::string& file, const char* rule, std::string what, std::string why,
           std::string next) {
    issues_.push_back({severity, rule, file, 0, std::move(what), std::move(why), std::move(next)});
  }

  [[nodiscard]] Issue unknown() const {
    const std::string what = released_.known
                                 ? fmt::format("the commit where HEAD left {} is not in this clone", facts_.base)
                                 : fmt::format("the base {} is not in this clone", facts_.base);
    const bool shallow = facts_.repository.shallow;
    return {Severity::error,
            "base",
            facts_.folder.path,
            0,
            what + (shallow ? ", which is shallow" : ""),
            "whether a released migration was edited, renamed or deleted cannot be known",
            shallow
                ? "fetch all of it: in GitHub Actions, actions/checkout with fetch-depth: 0; else git fetch --unshallow"
                : "git fetch origin, or name another one: --base (SCHEMAGATE_BASE)"};
  }

  [[nodiscard]] const Migration* on_disk(const std::string& path) const {
    const auto file = std::ranges::find(facts_.files, path, &Watched::path);
    if (file == facts_.files.end()) return nullptr;
    const auto found = std::ranges::find(facts_.folder.migrations, name_of(path), &Migration::name);
    return found == facts_.folder.migrations.end() ? nullptr : &*found;
  }

  /// Whether the file on disk says what git has under that name; line ends do not count, as at a start. Or git has that
  /// for the file: a filter may have made something else of it on its way to the disk.
  [[nodiscard]] bool says(const Migration& migration, const std::string& object) const {
    if (is_blob_of(migration.script, object)) return true;
    const auto file = std::ranges::find(facts_.files, migration.name + "/migration.sql", &Watched::name);
    const Repository& git = facts_.repository;
    const auto entry = git.index.find(file->path);
    return entry != git.index.end() && entry->second.object == object && !entry->second.unseen &&
           !git.changed.contains(file->path);
  }

  void judge() {
    std::set<std::string> paths;
    for (const Tree* tree : {&released_.tip, &released_.fork})
      for (const auto& [path, object] : *tree) paths.insert(path);
    for (const std::string& path : paths) judge(path);
  }

  /// What only the tip has was released after this branch began; what only the fork has, the base deleted itself.
  void judge(const std::string& path) {
    const std::string tip = object_of(released_.tip, path);
    const std::string fork = object_of(released_.fork, path);
    if (tip.empty()) return;
    const Migration* mine = on_disk(path);
    if (mine == nullptr) return fork.empty() || is_broken(path) ? void() : add_gone(path, fork);
    if (says(*mine, tip) || (!fork.empty() && says(*mine, fork))) return;
    add(Severity::error, mine->file, "edited", fmt::format("edited, and released in {}", facts_.base),
        "a database that has applied it refuses the image (76): the checksum is another one",
        restoring(path, mine->file) + "\nand put the change into a new migration");
  }

  void judge_snapshot() {
    if (!released_.sealed || !facts_.sealed || facts_.snapshot) return;
    const std::string file = facts_.folder.path + "/schema.snapshot";
    const bool moved = !released_.folder.empty();
    add(Severity::error, file, "deleted", fmt::format("deleted, and released in {}", facts_.base),
        "a database that was verified with one refuses an image without (78)",
        fmt::format("{}schemagate snapshot\nor say that none is meant: --snapshot none (SCHEMAGATE_SNAPSHOT=none)",
                    moved ? "" : fmt::format("git restore --source={} {} && ", quoted(facts_.base), quoted(file))));
  }

  /// A command that brings back what the base has.
  [[nodiscard]] std::string restoring(const std::string& path, const std::string& file) const {
    if (released_.folder.empty()) return fmt::format("git restore --source={} {}", quoted(facts_.base), quoted(file));
    const std::string old = fmt::format("{}:{}/{}/migration.sql", facts_.base, released_.folder, name_of(path));
    const std::string folder = std::filesystem::path{file}.parent_path().string();
    return fmt::format("mkdir -p {} && git show {} >{}", quoted(folder), quoted(old), quoted(file));
  }

  /// It is there, and could not be read: that is told already.
  [[nodiscard]] bool is_broken(const std::string& path) const {
    const std::string name = shown(facts_, path);
    return std::ranges::any_of(facts_.broken, [&](const Report& report) { return report.where.starts_with(name); });
  }

  void add_gone(const std::string& path, const std::string& object) {
    const std::string old_name = shown(facts_, path);
    const std::string old_folder = std::filesystem::path{old_name}.parent_path().string();
    const auto is_new = [&](const Migration& migration) {
      return !is_released(migration.name) && says(migration, object);
    };
    const auto found = std::ranges::find_if(facts_.folder.migrations, is_new);
    if (found == facts_.folder.migrations.end())
      return add(Severity::error, old_name, "deleted", fmt::format("deleted, and released in {}", facts_.base),
                 "a database that has applied it is ahead of the image", restoring(path, old_name));
    renamed_.insert(found->name);
    add(Severity::error, found->file, "renamed",
        fmt::format("renamed from {}, and released in {}", on_one_line(name_of(path)), facts_.base),
        "a database that has applied it takes it for a new one, and runs it again",
        fmt::format("git mv {} {}", quoted(std::filesystem::path{found->file}.parent_path().string()),
                    quoted(old_folder)));
  }

  [[nodiscard]] bool is_released(const std::string& name) const {
    const auto is_it = [&](const auto& entry) { return name_of(entry.first) == name; };
    return std::ranges::any_of(released_.tip, is_it) || std::ranges::any_of(released_.fork, is_it);
  }

  void judge_order() {
    std::string last;
    for (const auto& [path, object] : released_.tip) last = std::max(last, name_of(path));
    for (const Migration& migration : facts_.folder.migrations)
      if (migration.name < last && !is_released(migration.name) && !renamed_.contains(migration.name))
        add(Severity::warning, migration.file, "order",
            fmt::format("new, and sorts before {}, which {} has released", on_one_line(last), facts_.base),
            "a database that is up to date applies it after those that follow it, an empty one before them",
            "rename its folder: give it a timestamp of now");
  }

  const Evidence& facts_;
  const Released& released_;
  std::set<std::string> renamed_;
  std::vector<Issue> issues_;
};

}  // namespace

std::vector<Issue> altered(const Evidence& facts) {
  return facts.repository.released ? Altered{facts}.all() : std::vector<Issue>{};
}

}  // namespace schemagate
