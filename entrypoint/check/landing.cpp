#include "check/landing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>

#include "check/command.hpp"
#include "check/glob.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

/// Components of a path, without `.` and `..`.
std::vector<std::string> parts(const std::string& path) {
  std::vector<std::string> result;
  for (const fs::path& part : fs::path{"/" + path}.lexically_normal().relative_path())
    if (!part.empty()) result.push_back(part.string());
  return result;
}

/// The base image's WORKDIR is not in the Dockerfile.
constexpr const char* unknown_place = "?";
constexpr const char* setting = "SCHEMAGATE_MIGRATIONS";

struct Place {
  std::string path;
  std::size_t line = 0;
};

struct Doubt {
  std::string reason;
  bool strong = false;
};

struct Stage {
  std::string name;
  std::size_t line = 0;
  std::string workdir = unknown_place;
  std::vector<Place> places;
  std::vector<std::size_t> flattened;
  std::vector<Doubt> doubts;
  Arguments arguments;
  std::set<std::size_t> used;  ///< stages whose files it may have
  std::vector<std::string> ran;
  std::set<std::string> variables;  ///< of ENV, which no ARG replaces
  std::string entrypoint;
  std::string command;
  bool own_command = false;  ///< not that of the stage it is made from
};

/// COPY and ADD with everything filled in.
struct Transfer {
  const Instruction& instruction;
  std::vector<std::string> sources;
  std::string target;
  std::string from;
  bool parents = false;
};

bool is_wild(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }

bool fits(const std::string& pattern, const std::string& part) {
  const std::optional<Glob> glob = Glob::read(pattern);
  return glob && glob->matches(part);
}

/// What a source has to do with a folder.
struct Cover {
  enum class Kind : std::uint8_t { nothing, folder, contents, part } kind = Kind::nothing;
  std::string rest;  ///< of the folder's path, below the source
};

Cover cover(const std::string& source, const std::string& folder, bool parents) {
  const std::vector<std::string> wanted = parts(folder);
  const std::vector<std::string> given = parts(source);
  const std::size_t both = std::min(wanted.size(), given.size());
  for (std::size_t i = 0; i < both; ++i)
    if (!fits(given[i], wanted[i])) return {};
  if (given.size() <= wanted.size()) {
    const auto first = wanted.begin() + static_cast<std::ptrdiff_t>(parents ? 0 : given.size());
    return {Cover::Kind::folder, join({first, wanted.end()}, "/")};
  }
  if (given.back() == "migration_lock.toml" || given.back() == "schema.snapshot") return {};
  if (!is_wild(given[both])) return {Cover::Kind::part, ""};
  return {parents ? Cover::Kind::folder : Cover::Kind::contents, parents ? folder : ""};
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

/// A file by its name, or what a package manager fills.
bool cannot_hold(const std::string& source) {
  const std::vector<std::string> components = parts(source);
  if (components.empty()) return false;
  const std::string extension = fs::path{components.back()}.extension().string();
  return components.back() == "node_modules" ||
         is_one_of(extension, {".json", ".js", ".cjs", ".mjs", ".ts", ".lock", ".yaml", ".yml", ".toml", ".prisma"});
}

/// Where a start looks for the folder; empty when that is not known.
std::vector<std::string> looked_in(const Stage& stage) {
  if (!is_absolute(stage.workdir)) return {};
  if (!stage.variables.contains(setting))
    return {joined(stage.workdir, "prisma/migrations"), joined(stage.workdir, "migrations")};
  const auto known = stage.arguments.find(setting);
  return known == stage.arguments.end() ? std::vector<std::string>{}
                                        : std::vector{joined(stage.workdir, known->second)};
}

/// A start of ours that does not find it, unless something else says where it is.
bool is_displaced(const Stage& stage) {
  const std::string line = stage.entrypoint + " " + stage.command;
  const auto says = [&](std::string_view word) { return line.find(word) != std::string::npos; };
  if (!starts(line, "schemagate") || says("--migrations") || says(setting) || says("cd ")) return false;
  const std::vector<std::string> usual = looked_in(stage);
  if (usual.empty() || std::ranges::any_of(stage.ran, moves)) return false;
  return std::ranges::none_of(stage.places, [&](const Place& place) {
    return !is_absolute(place.path) || std::ranges::find(usual, place.path) != usual.end();
  });
}

/// What a compiler writes, of a stage that has the folder beside it.
bool is_output(const std::string& source, const Stage& stage) {
  const std::vector<std::string> components = parts(source);
  return !components.empty() && !stage.places.empty() && std::ranges::none_of(stage.ran, moves) &&
         is_one_of(components.back(), {"dist", "build", ".next", "standalone", "static", "public", ".output"});
}

class Image {
 public:
  explicit Image(std::string folder) : folder_{std::move(folder)} {}

  void add(const Instruction& instruction) {
    const std::string& name = instruction.name;
    if (name == "ARG") declare(words_without(instruction), stages_.empty() ? globals_ : here().arguments);
    if (name == "FROM") from(instruction);
    if (stages_.empty()) return;
    if (name == "ENV") declare_all(instruction);
    if (name == "WORKDIR") enter(instruction);
    if (name == "COPY" || name == "ADD") transfer(instruction);
    if (name == "RUN") run(instruction);
    if (name == "CMD") begin_with(instruction.text);
    if (name == "ENTRYPOINT") enter_by(instruction.text);
  }

  [[nodiscard]] Landed result(const std::string& target) const {
    if (stages_.empty()) return {Landing::unknown, 0, "", {"the Dockerfile has no FROM"}, "", ""};
    const Stage* stage = target.empty() ? &stages_.back() : find(target);
    if (stage == nullptr) return {Landing::no_stage, 0, "", {}, "", ""};
    Landed found = in(*stage);
    const Stage* other = found.how == Landing::missing && target.empty() ? elsewhere() : nullptr;
    return other == nullptr ? found : Landed{Landing::elsewhere, found.line, "", {}, called(*other), ""};
  }

 private:
  static Landed in(const Stage& stage) {
    const Landing how = is_displaced(stage) ? Landing::displaced : Landing::copied;
    if (!stage.places.empty()) return {how, stage.places.back().line, stage.places.back().path, {}, "", stage.workdir};
    if (!stage.flattened.empty()) return {Landing::flattened, stage.flattened.back(), "", {}, "", ""};
    Landed landed{stage.doubts.empty() ? Landing::missing : Landing::unlikely, stage.line, "", {}, "", ""};
    for (const Doubt& doubt : stage.doubts) {
      landed.reasons.push_back(doubt.reason);
      if (doubt.strong) landed.how = Landing::unknown;
    }
    return landed;
  }

  [[nodiscard]] std::size_t number(const Stage& stage) const {
    return static_cast<std::size_t>(&stage - stages_.data());
  }

  /// As --target takes it.
  [[nodiscard]] std::string called(const Stage& stage) const {
    return stage.name.empty() ? fmt::format("{}", number(stage)) : stage.name;
  }

  /// The last one that has it and that nothing of which the last stage is made uses: such a one only builds.
  [[nodiscard]] const Stage* elsewhere() const {
    const auto has_it = [&](const Stage& stage) {
      return !stage.places.empty() && !stages_.back().used.contains(number(stage));
    };
    const auto found = std::find_if(stages_.rbegin(), stages_.rend(), has_it);
    return found == stages_.rend() ? nullptr : &*found;
  }

  void use(Stage& stage, const Stage& other) const {
    const std::set<std::size_t> more = other.used;
    stage.used.insert(more.begin(), more.end());
    stage.used.insert(number(other));
  }

  Stage& here() { return stages_.back(); }

  void doubt(const Instruction& instruction, std::string_view why, bool strong) {
    here().doubts.push_back({fmt::format("line {}: {} {}", instruction.line, instruction.name, why), strong});
  }

  static void set(Arguments& arguments, const std::string& name, const std::optional<std::string>& text) {
    arguments.erase(name);
    if (text) arguments[name] = *text;
  }

  /// In a stage, an ARG of before the first FROM is known only once it is named again.
  void declare(const std::vector<std::string>& words, Arguments& arguments) {
    for (const std::string& word : words) {
      const auto [name, text] = cut(word, '=');
      const auto global = globals_.find(std::string{name});
      if (contains(word, '='))
        set(arguments, std::string{name}, expanded(text, arguments));
      else if (global != globals_.end())
        arguments[global->first] = global->second;
    }
  }

  /// Of ARG, but those that ENV has said.
  [[nodiscard]] std::vector<std::string> words_without(const Instruction& instruction) const {
    std::vector<std::string> words = instruction.words;
    if (!stages_.empty())
      std::erase_if(words, [this](const std::string& word) {
        return stages_.back().variables.contains(std::string{cut(word, '=').first});
      });
    return words;
  }

  /// `ENV NAME words` is the old form.
  void declare_all(const Instruction& instruction) {
    std::vector<std::string> words = instruction.words;
    if (!words.empty() && !contains(words[0], '='))
      words = {words[0] + "=" + join({words.begin() + 1, words.end()}, " ")};
    for (const std::string& word : words) here().variables.emplace(cut(word, '=').first);
    declare(words, here().arguments);
  }

  [[nodiscard]] const Stage* find(const std::string& name) const {
    const auto number = whole_number(name);
    if (number && *number >= 0 && static_cast<std::size_t>(*number) < stages_.size())
      return &stages_[static_cast<std::size_t>(*number)];
    const auto same = [&](const Stage& stage) {
      return !name.empty() && std::ranges::equal(stage.name, name, [](char a, char b) { return (a | 32) == (b | 32); });
    };
    const auto found = std::ranges::find_if(stages_, same);
    return found == stages_.end() ? nullptr : &*found;
  }

  void from(const Instruction& instruction) {
    const std::vector<std::string>& words = instruction.words;
    const std::string base = words.empty() ? "" : expanded(words[0], globals_).value_or("");
    const Stage* parent = whole_number(base) ? nullptr : find(base);
    Stage stage = parent == nullptr ? Stage{} : *parent;
    if (parent != nullptr) use(stage, *parent);
    stage.own_command = false;
    stage.name = words.size() > 2 ? words[2] : "";
    stage.line = instruction.line;
    if (base == "scratch") stage.workdir = "/";
    stages_.push_back(std::move(stage));
  }

  void enter(const Instruction& instruction) {
    const auto path = expanded(instruction.text, here().arguments);
    here().workdir = path ? joined(here().workdir, *path) : unknown_place;
  }

  void begin_with(const std::string& text) {
    here().command = text;
    here().own_command = true;
  }

  /// ENTRYPOINT resets an inherited CMD.
  void enter_by(const std::string& text) {
    here().entrypoint = text;
    if (!here().own_command) here().command.clear();
  }

  void run(const Instruction& instruction) {
    const std::string& text = instruction.text;
    const auto is_gone = [&](const Place& place) { return takes_away(text, here().workdir, place.path); };
    if (std::erase_if(here().places, is_gone) > 0)
      return doubt(instruction, moves(text) ? "moves it" : "removes it", moves(text));
    const std::string name = fs::path{folder_}.filename().string();
    const bool names_it = !name.empty() && text.find(name) != std::string::npos;
    // A stage that builds may put it among what it builds.
    if (names_it || text.find("type=bind") != std::string::npos || text.find("git clone") != std::string::npos)
      doubt(instruction, "may bring it", true);
    else
      here().ran.push_back(text);
  }

  /// False when what is copied is not known.
  bool read_flags(Transfer& transfer) {
    for (const std::string& flag : transfer.instruction.flags) {
      if (flag.starts_with("--from="))
        transfer.from = expanded(flag.substr(7), here().arguments).value_or(unknown_place);
      if (flag.starts_with("--parents")) transfer.parents = !flag.ends_with("=false");
      if (flag.starts_with("--exclude=")) return false;
    }
    return true;
  }

  std::optional<Transfer> read(const Instruction& instruction) {
    Transfer transfer{instruction, {}, "", "", false};
    if (!read_flags(transfer)) {
      doubt(instruction, "leaves out what --exclude names", true);
      return std::nullopt;
    }
    for (const std::string& word : instruction.words) {
      const auto text = expanded(word, here().arguments);
      if (text) transfer.sources.push_back(*text);
      if (!text) doubt(instruction, fmt::format("has {}, which is not known here", word), true);
    }
    // Here-documents may be all the sources.
    if (transfer.sources.size() < 2) return std::nullopt;
    transfer.target = transfer.sources.back();
    transfer.sources.pop_back();
    return transfer;
  }

  void transfer(const Instruction& instruction) {
    const std::optional<Transfer> read = this->read(instruction);
    if (!read) return;
    for (const std::string& source : read->sources) {
      if (read->from.empty())
        from_context(*read, source);
      else if (const Stage* stage = find(read->from))
        from_stage(*read, source, *stage);
      else if (!cannot_hold(source))
        from_image(*read, source);
    }
  }

  bool bring(const Transfer& transfer, const std::string& source, const std::string& folder) {
    const Cover found = cover(source, folder, transfer.parents);
    if (found.kind == Cover::Kind::part) doubt(transfer.instruction, "brings a part of it", false);
    if (found.kind == Cover::Kind::contents) here().flattened.push_back(transfer.instruction.line);
    if (found.kind != Cover::Kind::folder) return false;
    std::string place = joined(joined(here().workdir, transfer.target), found.rest);
    here().places.push_back({std::move(place), transfer.instruction.line});
    return true;
  }

  void from_context(const Transfer& transfer, const std::string& source) {
    const bool is_add = transfer.instruction.name == "ADD";
    const auto is_named = [&](const char* part) { return source.find(part) != std::string::npos; };
    // What ADD fetches or unpacks.
    if (is_add && std::ranges::any_of(std::array{"://", "git@", ".tar", ".tgz", ".txz", ".tbz"}, is_named))
      return doubt(transfer.instruction, "may bring it", true);
    (void)bring(transfer, source, folder_);
  }

  /// What a stage built may hold the folder in places of its own.
  void from_stage(const Transfer& transfer, const std::string& source, const Stage& stage) {
    use(here(), stage);
    const Stage origin = stage;
    bool brought = false;
    for (const Place& place : origin.places) brought |= bring(transfer, source, place.path);
    if (brought || cannot_hold(source)) return;
    for (const std::size_t line : origin.flattened) here().flattened.push_back(line);
    for (const Doubt& doubt : origin.doubts) here().doubts.push_back(doubt);
    const auto is_vague = [](const Place& place) { return !is_absolute(place.path); };
    if (std::ranges::any_of(origin.places, is_vague))
      doubt(transfer.instruction,
            fmt::format("takes {}, and where stage {} has it depends on its base image", source, transfer.from), true);
    else if (!origin.ran.empty() && !is_output(source, origin))
      doubt(transfer.instruction, fmt::format("takes {}, which stage {} may have put it into", source, transfer.from),
            false);
  }

  void from_image(const Transfer& transfer, const std::string& source) {
    if (fs::path{source}.filename() != "schemagate")
      doubt(transfer.instruction, fmt::format("takes {} from {}, which is not looked into", source, transfer.from),
            false);
  }

  std::string folder_;
  Arguments globals_;
  std::vector<Stage> stages_;
};

}  // namespace

Landed landed(const std::vector<Instruction>& instructions, const std::string& folder, const std::string& target) {
  Image image{folder};
  for (const Instruction& instruction : instructions) image.add(instruction);
  return image.result(target);
}

}  // namespace schemagate
