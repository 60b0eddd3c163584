#include "check/command.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "text.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

/// Between blanks, without what a shell has between words.
std::string words_of(const std::string& command) {
  std::string words = " " + command + " ";
  std::ranges::replace_if(
      words, [](char c) { return contains("\t;&|()\"',[]", c); }, ' ');
  return words;
}

/// One of a line's commands.
bool takes_away_alone(const std::string& command, const std::string& workdir, const std::string& place) {
  const std::string words = words_of(command);
  if (words.find(" rm ") == std::string::npos && words.find(" mv ") == std::string::npos) return false;
  const auto is_it = [&](std::string_view word) {
    while (word.ends_with('/') || word.ends_with('*')) word.remove_suffix(1);
    const std::string path = word.empty() ? "" : joined(workdir, std::string{word});
    return !path.empty() && (place == path || place.starts_with(path + "/"));
  };
  return std::ranges::any_of(split(std::string_view{words}, ' '), is_it);
}

}  // namespace

bool is_absolute(const std::string& path) { return path.starts_with('/'); }

std::string joined(const std::string& place, const std::string& path) {
  if (is_absolute(path)) return fs::path{path}.lexically_normal().string();
  return (fs::path{place} / path).lexically_normal().string();
}

bool takes_away(const std::string& command, const std::string& workdir, const std::string& place) {
  std::string lines = command;
  std::ranges::replace_if(
      lines, [](char c) { return contains(";&|", c); }, '\n');
  return std::ranges::any_of(split(std::string_view{lines}, '\n'), [&](std::string_view line) {
    return takes_away_alone(std::string{line}, workdir, place);
  });
}

bool moves(const std::string& command) {
  const std::string words = words_of(command);
  const auto has = [&](std::string_view word) { return words.find(word) != std::string::npos; };
  return (has("pnpm") && has(" deploy ")) || (has("turbo") && has(" prune ")) ||
         std::ranges::any_of(std::array{" cp ", " mv ", " ln ", " tar ", " rsync "}, has);
}

}  // namespace schemagate
