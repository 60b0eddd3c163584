#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace schemagate {

/// Lines after the first begin with `width` blanks.
[[nodiscard]] std::string indent(std::string_view text, std::size_t width);

/// Control characters but newline and tab become `?`: a server message must not steer the reader's terminal. Colours
/// are left out.
[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// `1 migration`, `2 migrations`.
[[nodiscard]] std::string counted(std::size_t count, std::string_view noun);

/// At most `most` of the names, one a line, then how many are left out.
[[nodiscard]] std::string listed(const std::vector<std::string>& names, std::size_t most = 10);

/// For people: `12 ms`, `3.4 s`, `2 min 5 s`.
[[nodiscard]] std::string spoken(std::chrono::steady_clock::duration span);

[[nodiscard]] bool contains(std::string_view text, char mark);

/// Before and after the first `mark`; the second half is empty without one.
[[nodiscard]] std::pair<std::string_view, std::string_view> cut(std::string_view text, char mark);

/// At every `mark`: always one piece more than there are marks.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char mark);

/// The whole of `digits`; nothing for a sign, a blank or more than an int holds.
[[nodiscard]] std::optional<int> whole_number(std::string_view digits);

}  // namespace schemagate
