#include "forecast/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "text.hpp"

namespace schemagate {
namespace {

/// 1234567 → `1.2 million`.
std::string amount(double number) {
  static constexpr std::array<std::pair<double, const char*>, 2> units{{{1e9, "billion"}, {1e6, "million"}}};
  for (const auto& [unit, name] : units)
    if (number >= unit) return fmt::format("{:.1f} {}", number / unit, name);
  return fmt::format("{:.0f}", number);
}

std::string bytes(double number) {
  static constexpr std::array<const char*, 5> units{"bytes", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; number >= 10240 && unit + 1 < units.size(); ++unit) number /= 1024;
  return fmt::format("{:.0f} {}", number, units.at(unit));
}

std::string work_text(const Touch& touch) {
  switch (touch.work) {
    case Work::empty:
      return "throws its rows away";
    case Work::scan:
      return "reads every row";
    case Work::rewrite:
      return "writes every row anew";
    case Work::catalog:
      break;
  }
  return touch.lock == LockMode::row_exclusive ? "" : "catalog only";
}

/// Only what has rows has a size.
std::string what_it_is(const Touch& touch, bool rated) {
  if (touch.kind == 'v') return "view";
  return touch.kind == 'S' ? "sequence" : size_text(touch, rated);
}

int colour_of(Risk risk) {
  static constexpr std::array<int, 6> colours{32, 36, 33, 31, 31, 35};
  return colours.at(static_cast<std::size_t>(risk));
}

std::string word(Risk risk, bool colour) {
  const std::string padded = fmt::format("{:<23}", name(risk));
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour_of(risk), padded) : padded;
}

// Behind the line number and the word.
constexpr std::string_view margin = "         ";
constexpr std::size_t widest = 160;

/// At a blank before the last column.
std::string wrapped(const std::string& text, std::string_view indent) {
  std::string result;
  std::string line{indent};
  for (const std::string_view piece : split(text, ' ')) {
    if (line.size() > indent.size() && line.size() + 1 + piece.size() > widest) {
      result += std::exchange(line, std::string{indent} + "  ") + "\n";
      line += piece;
      continue;
    }
    if (line.size() > indent.size()) line += ' ';
    line += piece;
  }
  return result + line + "\n";
}

// A table may have thousands of partitions.
constexpr std::size_t most_touches = 8;

std::vector<std::string> details(const Step& step, bool rated) {
  std::vector<std::string> lines;
  const std::size_t shown = std::min(step.touches.size(), most_touches);
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(touch_text(step.touches[i], rated));
  if (const std::size_t left = step.touches.size() - shown; left > 0)
    lines.push_back(fmt::format("and {}; --json has them all", counted(left, "more relation")));
  if (step.every_row) lines.emplace_back("every row is written, and stays locked to the end of the transaction");
  for (const Notice& notice : step.notices) lines.push_back(notice_text(notice));
  for (const std::string& note : step.notes) lines.push_back(note);
  return lines;
}

std::string step_text(const Step& step, bool rated, bool colour) {
  std::string text = fmt::format("  {:>5}  {}  {}\n", step.line, word(risks(step).front(), colour), step.text);
  for (const std::string& line : details(step, rated)) text += printable(wrapped(line, margin));
  return text;
}

std::string course_text(const Course& course, bool rated, bool colour) {
  std::string text = fmt::format("\n{}: {}\n", course.name, mode_text(course));
  std::size_t segment = 0;
  for (const Step& step : course.steps) {
    if (course.mode == Mode::segments && step.segment != segment)
      text += fmt::format("  segment {}\n", segment = step.segment);
    text += step_text(step, rated, colour);
  }
  return text;
}

std::string blocker_line(const Blocker& blocker) {
  return fmt::format("{} {} on {}, which {}:{} locks in {}", blocker.holder.granted ? "holds" : "waits for",
                     name(blocker.holder.mode), blocker.relation, blocker.course, blocker.line, name(blocker.wanted));
}

/// A session, and what it is in the way of.
using InWay = std::vector<std::pair<std::string, std::vector<std::string>>>;

void add(const std::string& who, const std::string& what, InWay& sessions) {
  auto found = std::ranges::find(sessions, who, &InWay::value_type::first);
  if (found == sessions.end()) found = sessions.insert(found, {who, {}});
  found->second.push_back(what);
}

InWay sessions(const Forecast& forecast) {
  InWay result;
  for (const Blocker& blocker : forecast.blockers) add(holder_text(blocker.holder), blocker_line(blocker), result);
  if (forecast.oldest)
    add(holder_text(*forecast.oldest), "has the oldest transaction, which CONCURRENTLY waits for", result);
  return result;
}

/// The words that occur, worst first, with their numbers.
std::string summary(const Forecast& forecast) {
  std::map<Risk, std::size_t, std::greater<>> counts;
  for (const Course& course : forecast.courses)
    for (const Step& step : course.steps) ++counts[risks(step).front()];
  std::vector<std::string> parts;
  parts.reserve(counts.size());
  for (const auto& [risk, count] : counts) parts.push_back(fmt::format("{} {}", name(risk), count));
  return counted(forecast.courses.size(), "migration") + " pending" + (parts.empty() ? "" : ": " + join(parts, ", "));
}

/// Names and statements are somebody's text: nothing of it is Markdown or HTML, nor the end of a cell.
std::string cell(const std::string& text) {
  std::string result;
  for (const char c : printable(text))
    if (contains("&<>|*_[]\\@`~#$", c))
      result += fmt::format("&#{};", static_cast<int>(c));
    else
      result += c == '\n' ? ' ' : c;
  return result;
}

/// GitHub looks for names to notify outside code only, and in what entities stand for.
std::string code(const std::string& text) { return "<code>" + cell(text) + "</code>"; }

std::string row(const Step& step, bool rated) {
  std::vector<std::string> lines;
  for (const std::string& line : details(step, rated)) lines.push_back(cell(line));
  std::vector<std::string> words;
  for (const Risk risk : risks(step)) words.emplace_back(name(risk));
  return fmt::format("| {} | {} | {} | {} |\n", step.line, join(words, ", "), code(step.text), join(lines, "<br>"));
}

}  // namespace

std::string version_text(int version) { return fmt::format("PostgreSQL {}.{}", version / 10000, version % 10000); }

std::string size_text(const Touch& touch, bool rated) {
  std::vector<std::string> parts{touch.rows ? "about " + amount(*touch.rows) + " rows" : "rows unknown"};
  parts.push_back(touch.bytes ? bytes(*touch.bytes) : "size unknown");
  const std::string unit = rated ? "/s" : " so far";
  parts.push_back(fmt::format("{} reads{}", amount(touch.reads), unit));
  parts.push_back(fmt::format("{} writes{}", amount(touch.writes), unit));
  return join(parts, ", ");
}

std::string mode_text(const Course& course) {
  if (!course.readable) return "cannot be read to its end; runs as it is written";
  if (course.mode == Mode::own) return "runs as it is written, with transactions of its own";
  if (course.mode == Mode::transactional && course.parts_if.empty()) return "one transaction";
  if (course.mode == Mode::transactional) return "one transaction, or in parts if " + course.parts_if;
  return course.done == 0 ? counted(course.segments, "segment")
                          : fmt::format("{}, {} done", counted(course.segments, "segment"), course.done);
}

std::string holder_text(const Holder& holder) {
  if (holder.pid == 0) return holder.who;
  std::string text = fmt::format("pid {}, {}, {}", holder.pid, holder.who,
                                 holder.state.empty() ? "state hidden from this role" : holder.state);
  if (holder.age) text += fmt::format(", transaction open for {} s", *holder.age);
  return text + (holder.query.empty() || holder.state.empty() ? "" : ": " + holder.query);
}

std::string notice_text(const Notice& notice) {
  return fmt::format("{}: {}{}{}{}", notice.older == Older::breaks ? "breaks older images" : "risky for older images",
                     notice.object, notice.object.empty() ? "" : ": ", notice.why,
                     notice.sqlstate.empty() ? "" : " (" + notice.sqlstate + ")");
}

std::string touch_text(const Touch& touch, bool rated) {
  const std::string work = work_text(touch);
  const std::string of = touch.index_of.empty() ? what_it_is(touch, rated) : "index of " + touch.index_of;
  return fmt::format("{} on {} ({}){}{}{}", name(touch.lock), touch.relation, of, work.empty() ? "" : ", ", work,
                     touch.waits ? ", waits for every older transaction" : "");
}

std::string forecast_text(const Forecast& forecast, const Scene& scene, bool colour) {
  std::string text = fmt::format("database  {}, {}, role {}\nfolder    {}\nplan      {}\n", scene.place,
                                 version_text(scene.version), scene.role, scene.folder, summary(forecast));
  for (const std::string& what : scene.unread) text += fmt::format("unread    {}\n", printable(what));
  for (const Course& course : forecast.courses) text += course_text(course, scene.rated, colour);
  const auto in_way = sessions(forecast);
  if (in_way.empty()) return text + "\nnobody is in the way now\n";
  text += "\nin the way now\n";
  for (const auto& [who, what] : in_way) {
    text += printable(wrapped(who, "  "));
    for (const std::string& line : what) text += printable(wrapped(line, "      "));
  }
  return text;
}

std::string forecast_markdown(const Forecast& forecast, const Scene& scene) {
  std::string text =
      fmt::format("**{}**  \n{}, {}\n", summary(forecast), code(scene.place), version_text(scene.version));
  for (const std::string& what : scene.unread) text += fmt::format("\nunread: {}\n", cell(what));
  for (const Course& course : forecast.courses) {
    text += fmt::format("\n{}: {}\n\n| line | risk | statement | |\n|---|---|---|---|\n", code(course.name),
                        mode_text(course));
    for (const Step& step : course.steps) text += row(step, scene.rated);
  }
  const auto in_way = sessions(forecast);
  text += in_way.empty() ? "\nNobody is in the way now.\n" : "\nIn the way now:\n\n";
  for (const auto& [who, what] : in_way) text += fmt::format("- {}: {}\n", code(who), cell(join(what, "; ")));
  return text;
}

}  // namespace schemagate
