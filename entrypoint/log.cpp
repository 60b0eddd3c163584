#include "log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "mask.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

using Json = nlohmann::ordered_json;

std::string utc_now() {
  const auto now = std::chrono::system_clock::now();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  // gmtime() would look for the image's /etc/localtime.
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(now - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), millis);
}

Json line(std::string_view level, std::string_view event) {
  return Json{{"time", utc_now()}, {"level", level}, {"event", event}};
}

/// Server messages may hold bytes that are not UTF-8; a log line must still be JSON.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string event_line(std::string_view level, std::string_view event, std::string_view message, const Fields& fields) {
  Json json = line(level, event);
  json["message"] = masked(message);
  for (const auto& [name, value] : fields) {
    const std::string key{name};
    if (const auto* const number = std::get_if<std::int64_t>(&value))
      json[key] = *number;
    else
      json[key] = masked(std::get<std::string>(value));
  }
  return dump(json);
}

std::string report_line(const Report& told) {
  const Report report = masked(told);
  Json json = line("error", "refused");
  json["code"] = report.code;
  json["what"] = report.what;
  json["where"] = report.where;
  json["state"] = report.state;
  json["next"] = report.next;
  return dump(json);
}

}  // namespace

std::string report_text(const Report& told) {
  const Report report = masked(told);
  std::string text = printable(report.what);
  for (const auto& [label, part] :
       {std::pair{"where", report.where}, std::pair{"state", report.state}, std::pair{"next", report.next}})
    if (!part.empty()) text += fmt::format("\n  {:<5}  {}", label, indent(printable(part), 9));
  return text;
}

Log::Log(LogFormat format)
    : format_{format},
      logger_{std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_st>())} {
  logger_->set_pattern(format == LogFormat::json ? "%v" : "%^schemagate:%$ %v");
  if (format == LogFormat::silent) logger_->set_level(spdlog::level::off);
  if (format == LogFormat::text && ::isatty(STDERR_FILENO) == 1) line_ = std::make_shared<TerminalLine>();
}

void Log::make_room() const {
  if (line_) line_->erase();
}

void Log::progress(std::string_view event, std::string_view message, const Fields& fields) const {
  if (!line_) return info(event, message, fields);
  line_->draw(fmt::format("schemagate: {}", masked(message)));
}

void Log::info(std::string_view event, std::string_view message, const Fields& fields) const {
  make_room();
  logger_->info(format_ == LogFormat::json ? event_line("info", event, message, fields) : printable(masked(message)));
}

void Log::warn(std::string_view event, std::string_view message, const Fields& fields) const {
  make_room();
  logger_->warn(format_ == LogFormat::json ? event_line("warning", event, message, fields)
                                           : "warning: " + printable(masked(message)));
}

void Log::failure(const Report& report) const {
  make_room();
  logger_->error(format_ == LogFormat::json ? report_line(report) : report_text(report));
}

}  // namespace schemagate
