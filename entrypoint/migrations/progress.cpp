#include "migrations/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view intro = "schemagate: to be resumed: ";

std::optional<std::size_t> number(std::string_view word, std::string_view name) {
  if (!word.starts_with(name)) return std::nullopt;
  const auto value = whole_number(word.substr(name.size()));
  return value ? std::optional{static_cast<std::size_t>(*value)} : std::nullopt;
}

bool is_evidence(std::string_view word) {
  return std::ranges::all_of(word, [](char c) { return (c >= '0' && c <= '9') || c == ',' || c == 't' || c == 'f'; });
}

}  // namespace

std::string text(const Progress& progress) {
  return fmt::format("{}done={} running={} before={} session={}{}{}", intro, progress.done, progress.running,
                     progress.before, progress.session, progress.error.empty() ? "" : "\n", progress.error);
}

std::optional<Progress> parse_progress(const std::string& logs) {
  if (!logs.starts_with(intro)) return std::nullopt;
  const auto [line, error] = cut(std::string_view{logs}.substr(intro.size()), '\n');
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() != 4 || !words[2].starts_with("before=") || !words[3].starts_with("session=")) return std::nullopt;
  const auto done = number(words[0], "done=");
  const auto running = number(words[1], "running=");
  const std::string_view before = words[2].substr(7);
  if (!done || !running || !is_evidence(before)) return std::nullopt;
  return Progress{*done, *running, std::string{before}, std::string{words[3].substr(8)}, std::string{error}};
}

}  // namespace schemagate
