#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace schemagate {

std::string indent(std::string_view text, std::size_t width) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result.append(width, ' ');
  }
  return result;
}

namespace {

/// Length of the control character that begins here, 0 without one.
std::size_t control_character(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte < 0x20) return text[0] == '\n' || text[0] == '\t' ? 0 : 1;
  // U+0080 to U+009F, which terminals obey like ESC and a letter.
  if (byte == 0xc2 && text.size() > 1) return static_cast<unsigned char>(text[1]) < 0xa0 ? 2 : 0;
  return byte == 0x7f ? 1 : 0;
}

/// Length of the colour or other style that begins here, 0 without one: Prisma records its errors with them.
std::size_t style(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t styled = style(text);
    const std::size_t control = control_character(text);
    if (styled == 0) result += control == 0 ? text[0] : '?';
    text.remove_prefix(std::max<std::size_t>({styled, control, 1}));
  }
  return result;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& names, std::size_t most) {
  if (names.size() <= most) return join(names, "\n");
  const std::vector<std::string> shown(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(most));
  return fmt::format("{}\nand {} more", join(shown, "\n"), names.size() - most);
}

std::string spoken(std::chrono::steady_clock::duration span) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  if (millis < 1000) return fmt::format("{} ms", millis);
  if (millis < 60'000) return fmt::format("{}.{} s", millis / 1000, millis % 1000 / 100);
  return fmt::format("{} min {} s", millis / 60'000, millis % 60'000 / 1000);
}

bool contains(std::string_view text, char mark) { return text.find(mark) != std::string_view::npos; }

std::pair<std::string_view, std::string_view> cut(std::string_view text, char mark) {
  const std::size_t at = std::min(text.find(mark), text.size());
  return {text.substr(0, at), text.substr(std::min(at + 1, text.size()))};
}

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark)) {
    pieces.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  pieces.push_back(text);
  return pieces;
}

std::optional<int> whole_number(std::string_view digits) {
  int result = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, result);
  if (error != std::errc{} || stop != end || digits.front() == '-') return std::nullopt;
  return result;
}

}  // namespace schemagate
