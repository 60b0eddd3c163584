#include "check/repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "check/git.hpp"
#include "check/worktree.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

/// Empty for what is elsewhere.
std::string_view in_folder(const Repository& repository, std::string_view path) {
  if (repository.prefix.empty()) return path;
  return path.starts_with(repository.prefix + "/") ? path.substr(repository.prefix.size() + 1) : std::string_view{};
}

class Asking {
 public:
  Asking(const Question& question, Git& git) : question_{question}, git_{git} {}

  Repository all() {
    if (!find_top()) return found_;
    found_.shallow = git_.out({"rev-parse", "--is-shallow-repository"}) == "true\n";
    read_index();
    read_changes();
    read_ignored();
    if (!question_.base.empty()) read_released();
    return found_;
  }

 private:
  /// The commit's name; empty when there is none.
  [[nodiscard]] std::string commit(const std::string& name) const {
    const Answer answer = git_.ask({"rev-parse", "--verify", "-q", name + "^{commit}"});
    return answer.code == 0 ? without_line_end(answer.out) : "";
  }

  /// A hook of a linked worktree is given GIT_DIR alone, and then git takes the folder where it is started for the top.
  /// Source: git(1), GIT_WORK_TREE.
  void name_work_tree() {
    const char* given = std::getenv("GIT_DIR");
    if (given == nullptr || std::getenv("GIT_WORK_TREE") != nullptr) return;
    git_.set("GIT_DIR", std::nullopt);
    const Answer answer = git_.ask({"rev-parse", "--show-toplevel", "--absolute-git-dir"});
    const auto [top, folder] = cut(answer.out, '\n');
    const std::string own = without_line_end(std::string{folder});
    std::error_code error;
    const bool same = answer.code == 0 && fs::equivalent(own, given, error);
    git_.set("GIT_DIR", same ? own : given);
    if (same) git_.set("GIT_WORK_TREE", std::string{top});
  }

  /// In a hook git has named the repository relative to where the hook runs.
  bool find_top() {
    git_.enter(std::getenv("GIT_DIR") == nullptr ? question_.folder : fs::current_path().string());
    name_work_tree();
    const Answer answer = git_.ask({"rev-parse", "--show-toplevel"});
    if (answer.code != 0 && answer.err.find("not a git repository") != std::string::npos) return false;
    if (answer.code != 0) throw Unanswered{without_line_end(answer.err)};
    found_.state = Repository::State::found;
    found_.top = without_line_end(answer.out);
    git_.enter(found_.top);
    const std::string prefix = below(question_.folder);
    found_.prefix = prefix == "." ? "" : prefix;
    places_.push_back(prefix);
    for (const std::string& file : question_.files) add_path(below(file));
    return true;
  }

  [[nodiscard]] std::string below(const std::string& path) const {
    return fs::path{path}.lexically_relative(found_.top).string();
  }

  void add_path(const std::string& path) {
    if (path.starts_with("..")) return;
    paths_.push_back(path);
    if (!found_.prefix.empty() && !path.starts_with(found_.prefix + "/")) places_.push_back(path);
  }

  /// With the folder, and what is asked about elsewhere.
  [[nodiscard]] std::string of_places(Words words) const {
    words.emplace_back("--");
    words.insert(words.end(), places_.begin(), places_.end());
    return git_.out(words);
  }

  /// `H 100644 OBJECT STAGE<tab>PATH`; the tag is lower case for assume-unchanged, S for skip-worktree.
  void read_index() {
    const std::string listing = of_places({"--literal-pathspecs", "ls-files", "-v", "-s", "-z"});
    for (const std::string_view piece : pieces(listing)) {
      const auto [facts, name] = cut(piece, '\t');
      const std::vector<std::string_view> words = split(facts, ' ');
      const char tag = facts.front();
      const std::string path{name};
      found_.index[path] = {std::string{words.at(2)}, std::string{words.at(1)},
                            tag == 'S' || (tag >= 'a' && tag <= 'z')};
      if (const int stage = whole_number(words.at(3)).value_or(0); stage > 0) sides_[path] |= 1 << (stage - 1);
    }
  }

  /// As git status would tell it.
  void read_changes() {
    compare_with_head();
    compare_with_disk(git_, found_, paths_);
    // One bit each: the common ancestor, ours, theirs. Source: git-status(1).
    const std::array<const char*, 8> codes{"..", "DD", "AU", "UD", "UA", "DU", "AA", "UU"};
    for (const auto& [path, sides] : sides_) {
      found_.changed[path] = codes.at(static_cast<std::size_t>(sides));
      found_.filtered.erase(path);
    }
  }

  void compare_with_head() {
    Tree head = read_head();
    for (const auto& [path, tracked] : found_.index) {
      const std::string before = head[path];
      head.erase(path);
      if (before != tracked.mode + " " + tracked.object) mark(found_, path, 0, before.empty() ? 'A' : 'M');
    }
    for (const auto& [path, before] : head) mark(found_, path, 0, 'D');
  }

  /// `MODE OBJECT` by path; nothing before the first commit.
  [[nodiscard]] Tree read_head() const {
    const Answer head = git_.ask({"rev-parse", "--verify", "-q", "HEAD"});
    Tree result;
    if (head.code != 0) return result;
    const std::string listing =
        of_places({"--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", without_line_end(head.out)});
    for (const std::string_view piece : pieces(listing)) {
      const auto [facts, path] = cut(piece, '\t');
      const std::vector<std::string_view> words = split(facts, ' ');
      result[std::string{path}] = fmt::format("{} {}", words.at(0), words.at(2));
    }
    return result;
  }

  /// Also tracked files, for which it is the next one of their kind that would be left out. A pattern that begins with
  /// `!` brings back.
  void read_ignored() {
    std::string list;
    for (const std::string& path : paths_) list.append(path).push_back('\0');
    const Answer answer = git_.ask({"check-ignore", "-v", "-z", "--no-index", "--stdin"}, list);
    if (answer.code > 1) throw Unanswered{without_line_end(answer.err)};
    const std::vector<std::string_view> fields = pieces(answer.out);
    for (std::size_t i = 0; i + 3 < fields.size(); i += 4) add_ignored(&fields[i]);
  }

  /// File, line, pattern, path.
  void add_ignored(const std::string_view* fields) {
    if (fields[2].starts_with('!')) return;
    const auto line = static_cast<std::size_t>(whole_number(fields[1]).value_or(0));
    found_.ignored[std::string{fields[3]}] = {std::string{fields[0]}, line, std::string{fields[2]}};
  }

  /// All files below a folder, `MODE TYPE OBJECT<tab>PATH`.
  [[nodiscard]] Tree files(const std::string& commit, const std::string& folder) const {
    Words words{"--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit};
    if (!folder.empty()) words.insert(words.end(), {"--", folder + "/"});
    Tree result;
    const std::string listing = git_.out(words);
    for (const std::string_view piece : pieces(listing)) {
      const auto [facts, path] = cut(piece, '\t');
      result[std::string{path}] = split(facts, ' ').at(2);
    }
    return result;
  }

  [[nodiscard]] bool is_sealed(const std::string& commit, const std::string& folder) const {
    return files(commit, folder).contains((fs::path{folder} / "schema.snapshot").string());
  }

  [[nodiscard]] Tree tree(const std::string& commit) const {
    Tree result = files(commit, found_.prefix);
    std::erase_if(result, [&](const auto& entry) { return !is_migration(found_, entry.first); });
    return result;
  }

  /// Migrations of another folder, as if they were in this one.
  [[nodiscard]] Tree moved(const std::string& commit, const std::string& folder) const {
    Tree result;
    for (const auto& [path, object] : files(commit, folder)) {
      const fs::path below = fs::path{path}.lexically_relative(folder);
      const std::string here = (fs::path{found_.prefix} / below).string();
      if (is_migration(found_, here)) result[here] = object;
    }
    return result;
  }

  /// The folder where the commit has most of our migrations, if they are no longer there: copies were not moved.
  [[nodiscard]] std::string former_folder(const std::string& commit) const {
    std::map<std::string, std::size_t> counts;
    std::error_code error;
    for (const auto& [path, object] : files(commit, "")) {
      const fs::path migration = fs::path{path}.parent_path();
      const std::string here = (fs::path{found_.prefix} / migration.filename() / "migration.sql").string();
      if (path.ends_with("/migration.sql") && std::ranges::find(paths_, here) != paths_.end() &&
          !fs::exists(fs::path{found_.top} / path, error))
        ++counts[migration.parent_path().string()];
    }
    const auto most = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
    return most == counts.end() ? "" : most->first;
  }

  void read_moved(Released& released, const std::string& base, const std::string& fork) const {
    released.folder = former_folder(base);
    if (released.folder.empty()) return;
    released.tip = moved(base, released.folder);
    if (released.fork.empty()) released.fork = moved(fork, released.folder);
  }

  void read_since(Released& released, const std::string& base) const {
    const Answer fork = git_.ask({"merge-base", base, "HEAD"});
    released.joined = fork.code == 0;
    const std::string start = released.joined ? without_line_end(fork.out) : base;
    released.tip = tree(base);
    released.fork = tree(start);
    if (released.tip.empty()) read_moved(released, base, start);
    const std::string& folder = released.folder.empty() ? found_.prefix : released.folder;
    released.sealed = is_sealed(base, folder) && is_sealed(start, folder);
  }

  void read_released() {
    Released released;
    const std::string base = question_.base.starts_with('-') ? "" : commit(question_.base);
    released.known = !base.empty();
    if (released.known) read_since(released, base);
    found_.released = std::move(released);
  }

  const Question& question_;
  Git& git_;
  Repository found_;
  Words paths_;
  Words places_;
  std::map<std::string, int> sides_;  ///< of a merge that is not settled
};

/// Source: git-config(1), partial clones; extensions.partialClone before git 2.24.
bool is_partial(const Git& git) {
  return git.ask({"config", "--get-regexp", R"(^(extensions\.partialclone|remote\..*\.promisor)$)"}).code == 0;
}

}  // namespace

bool is_migration(const Repository& repository, const std::string& path) {
  return cut(in_folder(repository, path), '/').second == "migration.sql";
}

bool is_snapshot(const Repository& repository, const std::string& path) {
  return in_folder(repository, path) == "schema.snapshot";
}

bool is_lock_file(const Repository& repository, const std::string& path) {
  return in_folder(repository, path) == "migration_lock.toml";
}

Repository read_repository(const Question& question) {
  Repository nothing;
  Git git;
  nothing.state = Repository::State::no_program;
  if (!git.present()) return nothing;
  try {
    return Asking{question, git}.all();
  } catch (const Unanswered& refused) {
    nothing.state = Repository::State::refused;
    nothing.words = refused.words;
    nothing.partial = is_partial(git);
    return nothing;
  }
}

}  // namespace schemagate
