#include "status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "migrations/literals.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

using Json = nlohmann::ordered_json;

/// A migration as both sides know it.
struct Line {
  std::string state;
  const Migration* file = nullptr;
  const HistoryRow* row = nullptr;  ///< the one that decided: applied, else failed, else the newest
};

/// The last of the rows that tell most.
const HistoryRow* telling(const HistoryRow* known, const HistoryRow& row) {
  const auto rank = [](const HistoryRow& r) { return r.applied() ? 2 : r.failed() ? 1 : 0; };
  return known == nullptr || rank(row) >= rank(*known) ? &row : known;
}

std::string state_of(const Line& line, const Plan& plan) {
  const bool edited =
      line.file != nullptr && std::ranges::find(plan.edited, line.file->name, &Edited::name) != plan.edited.end();
  if (edited) return "edited";
  const auto is_begun = [&] {
    return std::ranges::find(plan.begun, line.row->id, &HistoryRow::id) != plan.begun.end();
  };
  if (line.row != nullptr && line.row->failed()) return is_begun() ? "begun" : "failed";
  if (line.row != nullptr && line.row->applied()) return line.file == nullptr ? "ahead" : "applied";
  return line.file == nullptr ? "rolled back" : "pending";
}

std::map<std::string, Line> lines(const Gate& gate, const View& view) {
  std::map<std::string, Line> result;
  for (const Migration& migration : gate.folder.migrations) result[migration.name].file = &migration;
  for (const HistoryRow& row : view.reading.history.rows) {
    Line& line = result[row.name];
    line.row = telling(line.row, row);
  }
  for (auto& [name, line] : result) line.state = state_of(line, view.plan);
  return result;
}

std::string verdict_word(const Verdict& verdict) {
  switch (verdict.action) {
    case Action::start:
      return "start";
    case Action::apply:
      return "apply";
    case Action::refuse:
      return "refuse";
  }
  return {};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json json_line(const std::string& name, const Line& line) {
  Json json{{"name", name}, {"state", line.state}};
  const HistoryRow none;
  const HistoryRow& row = line.row == nullptr ? none : *line.row;
  json["checksum"] = text_or_null(line.file == nullptr ? "" : line.file->checksum);
  json["recorded_checksum"] = text_or_null(row.checksum);
  json["started_at"] = text_or_null(row.started_at);
  json["finished_at"] = text_or_null(row.finished_at);
  json["logs"] = text_or_null(without_details(row.logs));
  return json;
}

}  // namespace

std::string status_text(const Gate& gate, const View& view) {
  std::string text = fmt::format("database  {}, schema \"{}\"\nfolder    {}\n", gate.url.place(), gate.table().schema,
                                 gate.folder.path);
  if (!view.reading.history.exists) text += "history   none: no table \"_prisma_migrations\"\n";
  text += "\n";
  for (const auto& [name, line] : lines(gate, view))
    text += fmt::format("{:<11}  {:<20}  {}\n", line.state, line.row == nullptr ? "" : line.row->started_at, name);
  return printable(text);
}

std::string status_json(const Gate& gate, const View& view) {
  Json json{{"database", gate.url.place()}, {"schema", gate.table().schema}, {"folder", gate.folder.path}};
  json["verdict"] = verdict_word(view.verdict);
  json["migrations"] = Json::array();
  for (const auto& [name, line] : lines(gate, view)) json["migrations"].push_back(json_line(name, line));
  json["refusal"] = nullptr;
  if (const auto& report = view.verdict.refusal)
    json["refusal"] = {{"code", report->code},
                       {"what", report->what},
                       {"where", report->where},
                       {"state", report->state},
                       {"next", report->next}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace schemagate
