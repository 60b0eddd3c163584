#include "schema/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <dtl/dtl.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view margin = "    ";

bool is_long(const Finding& finding) {
  return finding.change == Change::changed && (contains(finding.expected, '\n') || contains(finding.found, '\n'));
}

std::string diff_of(const Finding& finding) {
  return is_long(finding) ? unified(finding.expected, finding.found) : std::string{};
}

/// Without the empty piece behind a last line end.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines = split(text, '\n');
  if (lines.size() > 1 && lines.back().empty()) lines.pop_back();
  return lines;
}

/// A property's name may hold a line end: `check a\nb`.
std::string what_changed(const Finding& finding) {
  std::string property = finding.property;
  std::ranges::replace_if(
      property, [](char c) { return c == '\n' || c == '\t'; }, '?');
  return (property.empty() ? "" : property + " ") + name(finding.change);
}

std::string why(const Finding& finding) {
  return finding.sqlstate.empty() ? finding.reason : finding.sqlstate + ": " + finding.reason;
}

std::string first_line(const std::string& text) {
  return std::string{cut(text, '\n').first} + (contains(text, '\n') ? " …" : "");
}

/// `- expected` and `+ found`, or a unified diff.
std::vector<std::string> body(const Finding& finding) {
  std::vector<std::string> lines;
  if (is_long(finding)) {
    const std::string diff = diff_of(finding);
    for (const std::string_view line : split(diff, '\n')) lines.emplace_back(line);
    return lines;
  }
  if (!finding.expected.empty()) lines.push_back("- " + first_line(finding.expected));
  if (!finding.found.empty()) lines.push_back("+ " + first_line(finding.found));
  return lines;
}

std::string coloured(const std::string& line, bool colour) {
  if (!colour || line.empty() || (line[0] != '-' && line[0] != '+')) return line;
  return fmt::format("\x1b[{}m{}\x1b[0m", line[0] == '-' ? 31 : 32, line);
}

/// A line is a line, whatever the database holds: what steers a terminal is printed as `?`.
std::vector<std::string> block(const Finding& finding, bool colour) {
  std::vector<std::string> lines{printable(fmt::format("{:<9} {} {}: {}  ({})", name(finding.level), finding.kind,
                                                       finding.identity, what_changed(finding), why(finding)))};
  for (const std::string& line : body(finding))
    lines.push_back(std::string{margin} + coloured(printable(line), colour));
  return lines;
}

nlohmann::ordered_json or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json{} : nlohmann::ordered_json(text);
}

nlohmann::ordered_json json_of(const Finding& finding) {
  return {{"level", name(finding.level)},
          {"change", name(finding.change)},
          {"kind", finding.kind},
          {"identity", finding.identity},
          {"property", or_null(finding.property)},
          {"expected", or_null(finding.expected)},
          {"found", or_null(finding.found)},
          {"reason", finding.reason},
          {"sqlstate", or_null(finding.sqlstate)},
          {"diff", or_null(diff_of(finding))}};
}

/// Within a cell of a table.
std::string cell(const std::string& text) {
  std::string result;
  for (const char c : first_line(printable(text))) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string code(const std::string& text) {
  if (text.empty()) return {};
  // A longer fence than any inside.
  const std::string fence = contains(text, '`') ? "``" : "`";
  return fence + cell(text) + fence;
}

std::string row(const Finding& finding) {
  return fmt::format("| {} | {} {} | {} | {} | {} | {} |\n", name(finding.level), finding.kind, code(finding.identity),
                     cell(what_changed(finding)), is_long(finding) ? "" : code(finding.expected),
                     is_long(finding) ? "below" : code(finding.found), cell(why(finding)));
}

}  // namespace

std::string render_text(const std::vector<Finding>& findings, const Style& style) {
  std::vector<std::string> lines;
  std::size_t shown = 0;
  for (const Finding& finding : findings) {
    std::vector<std::string> next = block(finding, style.colour);
    const bool fits = style.most == 0 || lines.size() + next.size() <= style.most;
    if (!fits && shown > 0) break;
    if (!fits) next.resize(std::min(next.size(), style.most));
    lines.insert(lines.end(), next.begin(), next.end());
    ++shown;
    if (!fits) break;
  }
  if (const std::size_t left = findings.size() - shown; left > 0)
    lines.push_back(fmt::format("… and {}", counted(left, "more difference")));
  return join(lines, "\n");
}

std::string render_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) array.push_back(json_of(finding));
  return array.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string render_markdown(const std::vector<Finding>& findings) {
  std::string text = "| level | object | difference | expected | found | why |\n|---|---|---|---|---|---|\n";
  for (const Finding& finding : findings) text += row(finding);
  for (const Finding& finding : findings)
    if (is_long(finding))
      text += fmt::format("\n{} {}\n\n````diff\n{}\n````\n", finding.kind, code(finding.identity),
                          printable(diff_of(finding)));
  return text;
}

std::string counted(const std::vector<Finding>& findings) {
  std::vector<std::string> parts;
  for (const Level level : {Level::breaking, Level::risky, Level::harmless})
    if (const auto count = std::ranges::count(findings, level, &Finding::level); count > 0)
      parts.push_back(fmt::format("{} {}", count, name(level)));
  if (parts.empty()) return "no differences";
  return join(parts, ", ") + (findings.size() == 1 ? " difference" : " differences");
}

std::string unified(const std::string& expected, const std::string& found) {
  if (expected == found) return {};
  const auto before = lines_of(expected);
  const auto after = lines_of(found);
  dtl::Diff<std::string_view> diff{before, after};
  diff.compose();
  diff.composeUnifiedHunks();
  std::ostringstream out;
  diff.printUnifiedFormat(out);
  std::string text = out.str();
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

}  // namespace schemagate
