#include "check/worktree.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "check/blob.hpp"
#include "check/conversion.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

/// git does not look behind links.
bool is_behind_link(const fs::path& top, const fs::path& path) {
  std::error_code error;
  fs::path place = top;
  for (const fs::path& part : path.parent_path())
    if (fs::is_symlink(place /= part, error)) return true;
  return false;
}

/// What cannot be looked at is not gone.
bool is_gone(const fs::path& top, const std::string& path) {
  if (is_behind_link(top, path)) return true;
  std::error_code error;
  const fs::file_type type = fs::symlink_status(top / path, error).type();
  return type != fs::file_type::regular && type != fs::file_type::symlink && type != fs::file_type::none;
}

/// A link's content is where it leads to. Nothing where it cannot be read, which is told elsewhere.
std::optional<std::string> content(const fs::path& file) {
  std::error_code error;
  if (fs::is_symlink(file, error)) return fs::read_symlink(file, error).string();
  std::ifstream stream{file, std::ios::binary};
  if (!stream) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{stream}, {}};
}

class Comparing {
 public:
  Comparing(const Git& git, Repository& repository) : git_{git}, repository_{repository} {}

  void all(const std::vector<std::string>& paths) {
    for (const auto& [path, tracked] : repository_.index)
      if (is_looked_at(tracked) && is_gone(repository_.top, path)) mark(repository_, path, 1, 'D');
    for (const std::string& path : paths) compare(path);
    if (!others_.empty()) convert();
  }

 private:
  /// A submodule is a folder, and has a configuration of its own.
  static bool is_looked_at(const Tracked& tracked) { return !tracked.unseen && tracked.mode != "160000"; }

  void compare(const std::string& path) {
    const auto tracked = repository_.index.find(path);
    if (tracked == repository_.index.end() || !is_looked_at(tracked->second)) return;
    const fs::path file = fs::path{repository_.top} / path;
    std::error_code error;
    if (is_gone(repository_.top, path)) return;
    if (fs::is_symlink(file, error) && tracked->second.mode != "120000") return mark(repository_, path, 1, 'T');
    const std::optional<std::string> found = content(file);
    if (found && !is_blob(*found, tracked->second.object)) others_[path] = *found;
  }

  void convert() {
    read_attributes();
    read_programs();
    const Answer answer = git_.ask({"config", "--bool", "core.autocrlf"});
    for (const auto& [path, text] : others_) {
      Conversion& conversion = conversions_[path];
      // `input` is no boolean, and the same on the way in.
      conversion.autocrlf = answer.code != 1 && answer.out != "false\n";
      const std::string& filter = conversion.attributes["filter"];
      conversion.has_program = programs_.contains(filter + ".clean") || programs_.contains(filter + ".process");
      judge(path, compared(conversion, text, repository_.index[path].object));
    }
  }

  void judge(const std::string& path, Same same) {
    if (same == Same::no) mark(repository_, path, 1, 'M');
    if (same == Same::unknown) repository_.filtered.insert(path);
  }

  /// `PATH NUL ATTRIBUTE NUL VALUE NUL`.
  void read_attributes() {
    std::string list;
    for (const auto& [path, text] : others_) list.append(path).push_back('\0');
    const std::string listing = git_.out(
        {"check-attr", "-z", "--stdin", "text", "crlf", "eol", "ident", "filter", "working-tree-encoding"}, list);
    const std::vector<std::string_view> fields = pieces(listing);
    for (std::size_t i = 0; i + 2 < fields.size(); i += 3)
      conversions_[std::string{fields[i]}].attributes[std::string{fields[i + 1]}] = fields[i + 2];
  }

  /// `filter.NAME.clean LINE-END PROGRAM NUL`, to be read and no more; an empty one is none. Source: apply_filter() in
  /// git's convert.c.
  void read_programs() {
    const Answer answer = git_.ask({"config", "-z", "--get-regexp", R"(^filter\..*\.(clean|process)$)"});
    for (const std::string_view piece : pieces(answer.out)) {
      const auto [key, program] = cut(piece, '\n');
      const std::string name{cut(key, '.').second};
      if (program.empty()) programs_.erase(name);
      if (!program.empty()) programs_.insert(name);
    }
  }

  const Git& git_;
  Repository& repository_;
  std::map<std::string, std::string> others_;  ///< what is not, byte for byte, what git has
  std::map<std::string, Conversion> conversions_;
  std::set<std::string> programs_;  ///< `NAME.clean` or `NAME.process`
};

}  // namespace

void compare_with_disk(const Git& git, Repository& repository, const std::vector<std::string>& paths) {
  Comparing{git, repository}.all(paths);
}

void mark(Repository& repository, const std::string& path, std::size_t side, char letter) {
  repository.changed.try_emplace(path, "..").first->second[side] = letter;
}

}  // namespace schemagate
