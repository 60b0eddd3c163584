#include "check/command.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "check/glob.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

/// Between blanks, without what a shell has between words.
std::string spaced(std::string command) {
  std::ranges::replace_if(
      command, [](char c) { return contains("\t\n;&|()\"',[]", c); }, ' ');
  return " " + command + " ";
}

Words words_of(std::string_view command) {
  Words words;
  const std::string text = spaced(std::string{command});
  for (const std::string_view word : split(std::string_view{text}, ' '))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

/// A line's commands, one after the other.
std::vector<Words> commands_of(std::string line) {
  std::ranges::replace_if(
      line, [](char c) { return contains(";&|", c); }, '\n');
  std::vector<Words> commands;
  for (const std::string_view command : split(std::string_view{line}, '\n')) commands.push_back(words_of(command));
  return commands;
}

std::vector<std::string> components(const std::string& path) {
  std::vector<std::string> result;
  for (const fs::path& part : fs::path{path}.relative_path())
    if (!part.empty()) result.push_back(part.string());
  return result;
}

/// The place, or what it is in; a shell's patterns are Docker's but for `**`.
bool holds(const std::string& pattern, const std::string& place) {
  const std::vector<std::string> given = components(pattern);
  const std::vector<std::string> wanted = components(place);
  if (given.size() > wanted.size()) return false;
  return std::ranges::equal(given,
                            std::vector<std::string>{wanted.begin(), wanted.begin() + static_cast<long>(given.size())},
                            [](const std::string& one, const std::string& part) {
                              const std::optional<Glob> glob = Glob::read(one);
                              return glob && glob->matches(part);
                            });
}

/// What `rm` and `mv` leave nothing of.
Words taken(Words words) {
  const std::string program = words.empty() ? "" : fs::path{words.front()}.filename().string();
  const bool moved = program == "mv";
  if ((!moved && program != "rm") || (moved && words.size() < 3)) return {};
  words.erase(words.begin());
  // Where mv moves it to.
  if (moved) words.pop_back();
  const bool aimed = std::ranges::any_of(words, [](const std::string& word) { return word.starts_with("-t"); });
  if (moved && aimed) return {};
  std::erase_if(words, [](const std::string& word) { return word.starts_with('-'); });
  return words;
}

}  // namespace

bool is_absolute(const std::string& path) { return path.starts_with('/'); }

std::string joined(const std::string& place, const std::string& path) {
  std::string result = (fs::path{place} / path).lexically_normal().string();
  if (result.size() > 1 && result.ends_with('/')) result.pop_back();
  return result;
}

bool takes_away(const std::string& command, const std::string& workdir, const std::string& place) {
  for (const Words& words : commands_of(command)) {
    // From here on nobody knows what a path means.
    if (!words.empty() && words.front() == "cd") return false;
    if (std::ranges::any_of(taken(words), [&](const std::string& word) { return holds(joined(workdir, word), place); }))
      return true;
  }
  return false;
}

bool moves(const std::string& command) {
  const std::string words = spaced(command);
  const auto has = [&](std::string_view word) { return words.find(word) != std::string::npos; };
  return (has("pnpm") && has(" deploy ")) || (has("turbo") && has(" prune ")) ||
         std::ranges::any_of(std::array{" cp ", " mv ", " ln ", " tar ", " rsync "}, has);
}

bool starts(const std::string& command, std::string_view program) {
  return std::ranges::any_of(words_of(command),
                             [&](const std::string& word) { return fs::path{word}.filename() == program; });
}

}  // namespace schemagate
