#include "check/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "text.hpp"

namespace schemagate {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t shown_of_a_rule = 10;
constexpr std::array<const char*, 3> names{"error", "warning", "note"};

const char* name(Severity severity) { return names.at(static_cast<std::size_t>(severity)); }

std::string place(const Issue& issue) {
  if (issue.file.empty()) return "";
  const std::string file = on_one_line(issue.file);
  return issue.line == 0 ? file + ": " : fmt::format("{}:{}: ", file, issue.line);
}

std::string block(const Issue& issue) {
  std::string text = fmt::format("{:<8} {}{}\n", name(issue.severity), place(issue), indent(printable(issue.what), 11));
  for (const auto& [label, part] : {std::pair{"why", issue.why}, std::pair{"next", issue.next}})
    if (!part.empty()) text += fmt::format("  {:<5}  {}\n", label, indent(printable(part), 9));
  return text;
}

/// As the runner decodes them.
std::string escaped(const std::string& text, bool property) {
  std::string result;
  for (const char c : text) {
    const bool marked = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
    result += marked ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return result;
}

std::string annotation(const Issue& issue, const std::string& file) {
  const char* command = issue.severity == Severity::note ? "notice" : name(issue.severity);
  std::string message = issue.what;
  for (const std::string* part : {&issue.why, &issue.next})
    if (!part->empty()) message += "\n" + *part;
  const std::string line = issue.line == 0 ? "" : fmt::format(",line={}", issue.line);
  return fmt::format("::{} file={}{},title={}::{}\n", command, escaped(file, true), line,
                     escaped("schemagate: " + issue.rule, true), escaped(message, false));
}

}  // namespace

std::string on_one_line(std::string text) {
  std::ranges::replace(text, '\n', '?');
  return printable(text);
}

std::string issues_text(const std::vector<Issue>& issues, const std::string& summary) {
  std::string text;
  std::map<std::string, std::size_t> seen;
  for (const Issue& issue : issues)
    if (++seen[issue.rule] <= shown_of_a_rule) text += block(issue);
  for (const auto& [rule, count] : seen)
    if (count > shown_of_a_rule)
      text += fmt::format("and {} more: {}; --json has them all\n", count - shown_of_a_rule, rule);
  return text + on_one_line(summary) + "\n";
}

std::string issues_json(const std::vector<Issue>& issues, const std::string& summary) {
  Json json{{"summary", summary}, {"findings", Json::array()}};
  for (const Issue& issue : issues)
    json["findings"].push_back({{"severity", name(issue.severity)},
                                {"rule", issue.rule},
                                {"file", issue.file},
                                {"line", issue.line == 0 ? Json(nullptr) : Json(issue.line)},
                                {"what", issue.what},
                                {"why", issue.why},
                                {"next", issue.next}});
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string issues_github(const std::vector<Issue>& issues, const std::string& summary, const std::string& top,
                          const std::string& here) {
  std::string text;
  for (const Issue& issue : issues) {
    const std::filesystem::path whole = std::filesystem::path{here} / issue.file;
    const std::string below = whole.lexically_normal().lexically_relative(top).string();
    text += annotation(issue, top.empty() || below.starts_with("..") ? issue.file : below);
  }
  return text + on_one_line(summary) + "\n";
}

}  // namespace schemagate
