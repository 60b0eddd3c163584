#include "check/ignore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view blanks = " \t\v\f\r";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// As Go's path.Clean: unlike lexically_normal it leaves no slash at the end.
std::string cleaned(std::string_view path) {
  if (path.empty()) return "";
  const std::size_t slashes = path.find_first_not_of('/');
  if (slashes == std::string_view::npos) return "/";
  if (slashes > 1) path.remove_prefix(slashes - 1);
  std::string text = std::filesystem::path{path}.lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

IgnoreLine read_line(std::string_view text, std::size_t number) {
  IgnoreLine line{.number = number, .pattern = {}, .exception = text.starts_with('!'), .glob = {}};
  if (line.exception) text = trimmed(text.substr(1));
  line.pattern = cleaned(text);
  if (line.pattern.size() > 1 && line.pattern.starts_with('/')) line.pattern.erase(0, 1);
  if (line.exception && (line.pattern.empty() || line.pattern == "/"))
    throw BadIgnore{number, "\"!\" without a pattern"};
  const std::optional<Glob> glob = Glob::read(line.pattern);
  if (!glob) throw BadIgnore{number, fmt::format("\"{}\" is not a pattern", line.pattern)};
  line.glob = *glob;
  return line;
}

std::string_view without_trailing_glob(std::string_view pattern) {
  for (const std::string_view end : {"/**", "/*"})
    if (pattern.ends_with(end)) pattern.remove_suffix(end.size());
  return pattern;
}

/// Whether an exception could bring back something of this folder; if none can, nobody looks into it.
bool is_entered(const IgnoreFile& lines, std::string_view folder, Builder builder) {
  const std::string start = std::string{folder} + "/";
  const auto plain = [&](const IgnoreLine& line) {
    return builder == Builder::buildkit ? without_trailing_glob(line.pattern) : std::string_view{line.pattern};
  };
  const auto is_wild = [&](const IgnoreLine& line) {
    return line.exception && plain(line).find_first_of("*[]?^\\") != std::string_view::npos;
  };
  if (builder == Builder::buildkit && std::ranges::any_of(lines, is_wild)) return true;
  return std::ranges::any_of(lines, [&](const IgnoreLine& line) {
    return line.exception && (std::string{plain(line)} + "/").starts_with(start);
  });
}

/// Which lines hold for a path; those that held for the folder above still do.
class Matches {
 public:
  explicit Matches(const IgnoreFile& lines) : lines_{lines}, held_(lines.size(), false) {}

  /// The line that leaves the path out.
  std::optional<std::size_t> of(std::string_view path) {
    std::optional<std::size_t> decided;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const IgnoreLine& line = lines_[i];
      held_[i] = held_[i] || (line.exception == decided.has_value() && line.glob.matches(path));
      if (held_[i]) decided = line.exception ? std::nullopt : std::optional{line.number};
    }
    return decided;
  }

 private:
  const IgnoreFile& lines_;
  std::vector<bool> held_;
};

}  // namespace

IgnoreFile read_ignore(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  IgnoreFile lines;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (const std::string_view pattern = trimmed(line); !line.starts_with('#') && !pattern.empty())
      lines.push_back(read_line(pattern, number));
  }
  return lines;
}

std::optional<std::size_t> left_out(const IgnoreFile& lines, std::string_view path, Builder builder) {
  Matches matches{lines};
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    const std::string_view folder = path.substr(0, slash);
    const std::optional<std::size_t> line = matches.of(folder);
    if (line && !is_entered(lines, folder, builder)) return line;
  }
  return matches.of(path);
}

}  // namespace schemagate
