#include "forecast/listing.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace schemagate {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json number_or_null(const std::optional<double>& number) {
  return number ? Json(std::llround(*number)) : Json(nullptr);
}

Json json_of(const Touch& touch, bool rated) {
  Json json{{"relation", touch.relation}, {"index_of", text_or_null(touch.index_of)}};
  json["lock"] = name(touch.lock);
  json["work"] = name(touch.work);
  json["waits_for_older_transactions"] = touch.waits;
  json["rows"] = number_or_null(touch.rows);
  json["bytes"] = number_or_null(touch.bytes);
  json[rated ? "reads_per_second" : "reads"] = std::llround(touch.reads);
  json[rated ? "writes_per_second" : "writes"] = std::llround(touch.writes);
  return json;
}

Json json_of(const Notice& notice) {
  return {{"level", notice.older == Older::breaks ? "breaking" : "risky"},
          {"object", text_or_null(notice.object)},
          {"reason", notice.why},
          {"sqlstate", text_or_null(notice.sqlstate)}};
}

Json json_of(const Step& step, bool rated) {
  Json json{{"line", step.line}, {"segment", step.segment}, {"text", step.text}, {"risk", name(risks(step).front())}};
  json["risks"] = Json::array();
  for (const Risk risk : risks(step)) json["risks"].push_back(name(risk));
  json["unknown"] = step.unknown;
  json["locks"] = Json::array();
  for (const Touch& touch : step.touches) json["locks"].push_back(json_of(touch, rated));
  json["older_images"] = Json::array();
  for (const Notice& notice : step.notices) json["older_images"].push_back(json_of(notice));
  json["notes"] = step.notes;
  return json;
}

Json json_of(const Course& course, bool rated) {
  static constexpr std::array<const char*, 3> modes{"transaction", "own", "segments"};
  Json json{{"name", course.name}, {"mode", modes.at(static_cast<std::size_t>(course.mode))}};
  json["readable"] = course.readable;
  json["segments"] = course.segments;
  json["parts_if"] = text_or_null(course.parts_if);
  json["segments_done"] = course.done;
  json["statements"] = Json::array();
  for (const Step& step : course.steps) json["statements"].push_back(json_of(step, rated));
  return json;
}

Json json_of(const Holder& holder) {
  Json json{{"pid", holder.pid}, {"session", holder.who}, {"state", text_or_null(holder.state)}};
  json["transaction_seconds"] = holder.age ? Json(*holder.age) : Json(nullptr);
  json["query"] = text_or_null(holder.query);
  return json;
}

Json json_of(const Blocker& blocker) {
  Json json = json_of(blocker.holder);
  json["relation"] = blocker.relation;
  json["mode"] = name(blocker.holder.mode);
  json["granted"] = blocker.holder.granted;
  json["migration"] = blocker.course;
  json["line"] = blocker.line;
  json["wanted"] = name(blocker.wanted);
  return json;
}

Json json_of(const std::optional<Report>& report) {
  if (!report) return nullptr;
  return {{"code", report->code},
          {"what", report->what},
          {"where", report->where},
          {"state", report->state},
          {"next", report->next}};
}

}  // namespace

std::string forecast_json(const Forecast& forecast, const Scene& scene, const std::optional<Report>& refusal) {
  Json json{{"database", scene.place},
            {"server", version_text(scene.version)},
            {"role", scene.role},
            {"folder", scene.folder},
            {"unread", scene.unread}};
  json["migrations"] = Json::array();
  for (const Course& course : forecast.courses) json["migrations"].push_back(json_of(course, scene.rated));
  json["blockers"] = Json::array();
  for (const Blocker& blocker : forecast.blockers) json["blockers"].push_back(json_of(blocker));
  json["oldest_transaction"] = forecast.oldest ? json_of(*forecast.oldest) : Json(nullptr);
  json["refusal"] = json_of(refusal);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace schemagate
