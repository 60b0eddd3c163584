#include "forecast/forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "forecast/weigh.hpp"
#include "mask.hpp"
#include "migrations/lexer.hpp"
#include "migrations/literals.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::size_t shown_text = 110;

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// In one line, cut between characters.
std::string short_text(std::string_view statement) {
  std::string text;
  for (const char c : statement)
    if (!is_blank(c))
      text += c;
    else if (!text.ends_with(' '))
      text += ' ';
  while (text.ends_with(' ') || text.ends_with(';')) text.pop_back();
  if (text.size() <= shown_text) return printable(text);
  std::size_t end = shown_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return printable(text.substr(0, end)) + "…";
}

std::string confidential(std::string_view statement) {
  return tells_password(statement) && !shows_values() ? without_literals(statement) : std::string{statement};
}

std::size_t line_of(std::string_view script, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::ranges::count(script.substr(0, at), '\n'));
}

std::size_t segment_of(const std::vector<Segment>& segments, std::size_t at) {
  const auto holds = [at](const Segment& segment) { return at < segment.end; };
  return 1 + static_cast<std::size_t>(std::ranges::find_if(segments, holds) - segments.begin());
}

/// As apply will refuse it.
void tell_bound(const Script& script, std::string_view text, Course& course) {
  if (course.mode != Mode::segments || course.segments < 2 || script.bound() == nullptr) return;
  const std::size_t divider = line_of(text, script.divider(Grain::outside)->begin);
  const std::size_t bound = line_of(text, script.bound()->begin);
  for (Step& step : course.steps)
    if (step.line == bound)
      step.notes.push_back(
          fmt::format("{} counts for one transaction, and line {} cannot be in one: apply refuses the "
                      "script until line {} is a migration of its own",
                      script.bound()->bound, divider, divider));
}

/// What only the server knows for sure.
std::string parts_if(const Script& script, std::string_view text) {
  if (script.mode() != Mode::transactional || script.bound() != nullptr) return {};
  if (const auto [added, used] = script.used_value(); added != nullptr)
    return fmt::format("line {} uses the value that line {} adds", line_of(text, used->begin),
                       line_of(text, added->begin));
  const auto perhaps = std::ranges::find(script.statements(), Kind::perhaps, &Statement::kind);
  if (perhaps == script.statements().end()) return {};
  return fmt::format("line {} cannot run in one", line_of(text, perhaps->begin));
}

/// apply refuses it, too: a script has no rows behind it.
bool reads_stdin(std::string_view statement) {
  const std::string words = without_literals(capitals(statement));
  return words.starts_with("COPY ") && words.find(" FROM STDIN") != std::string::npos;
}

constexpr const char* no_rows = "COPY FROM STDIN has no rows to read in a migration";

Course course_of(const Ahead& ahead, const Facts& facts, Weigher& weigher) {
  const Script script{ahead.script};
  const std::vector<Segment> parts = script.segments();
  Course course{.name = ahead.name,
                .mode = script.mode(),
                .segments = parts.size(),
                .done = static_cast<std::size_t>(
                    std::ranges::count_if(parts, [&](const Segment& part) { return part.end <= ahead.done; })),
                .readable = script.readable(),
                .parts_if = parts_if(script, ahead.script)};
  for (const Statement& statement : script.statements()) {
    if (statement.begin < ahead.done) continue;
    const std::string_view text = script.text_of(statement);
    Step step{.line = line_of(ahead.script, statement.begin),
              .segment = segment_of(parts, statement.begin),
              .text = short_text(confidential(text))};
    if (const auto found = facts.unparsed.find(std::string{text}); found != facts.unparsed.end())
      weigher.fail(ahead.name, found->second, step);
    else
      weigher.weigh(read_claims(text), step);
    if (reads_stdin(text))
      weigher.reject(ahead.name, no_rows, fmt::format("write the rows of {} as INSERT (pg_dump --inserts)", ahead.name),
                     step);
    course.steps.push_back(std::move(step));
  }
  tell_bound(script, ahead.script, course);
  return course;
}

/// What is gone and comes back is another thing of the same name.
void soften(Course& course, const Restored& restored) {
  for (Step& step : course.steps)
    for (Notice& notice : step.notices) {
      const auto found = restored.find(notice.key);
      if (notice.older != Older::breaks || found == restored.end()) continue;
      notice.older = found->second.older;
      notice.sqlstate = found->second.sqlstate;
      notice.why = found->second.why;
    }
}

bool is_long(const Step& step) {
  return step.unknown || step.every_row ||
         std::ranges::any_of(step.touches, [](const Touch& touch) { return touch.work >= Work::scan; });
}

bool is_in_way(const Touch& touch) { return touch.lock >= LockMode::share && touch.index_of.empty(); }

/// A lock is kept to the end of its transaction, whatever comes then.
void tell_held(Course& course) {
  std::set<Oid> told;
  for (auto step = course.steps.begin(); step != course.steps.end(); ++step)
    for (const Touch& touch : step->touches) {
      const auto later = std::find_if(step + 1, course.steps.end(), [&](const Step& other) {
        return other.segment == step->segment && is_long(other);
      });
      if (!is_in_way(touch) || later == course.steps.end() || !told.insert(touch.oid).second) continue;
      step->notes.push_back(fmt::format("{} stays locked to the end of the transaction, while line {} runs",
                                        touch.relation, later->line));
    }
}

void add_blockers(const Course& course, const Step& step, const Touch& touch, const Facts& facts,
                  std::vector<Blocker>& blockers) {
  // CREATE INDEX CONCURRENTLY waits for who may write, not only for who holds a lock like its own.
  const LockMode wanted = touch.waits ? LockMode::share : touch.lock;
  for (const Holder& holder : facts.holders) {
    if (holder.relation != touch.oid || !conflict(wanted, holder.mode)) continue;
    const auto same = [&](const Blocker& known) {
      return known.holder.pid == holder.pid && (known.relation == touch.relation || known.relation == touch.index_of);
    };
    if (std::ranges::none_of(blockers, same))
      blockers.push_back({holder, touch.relation, course.name, step.line, touch.lock});
  }
}

void add_blockers(const Course& course, const Facts& facts, Forecast& forecast) {
  for (const Step& step : course.steps)
    for (const Touch& touch : step.touches) {
      add_blockers(course, step, touch, facts, forecast.blockers);
      if (touch.waits) forecast.oldest = facts.oldest;
    }
}

void ask(const Claim& claim, Questions& questions) {
  if (!claim.relation.empty()) questions.relations.insert(parts(claim.relation));
  if (claim.right == "TYPE") questions.types.insert(parts(claim.object).second);
  if (claim.act == Act::extension) questions.extensions.insert(claim.object);
  if (claim.act == Act::add_column || claim.act == Act::create_type)
    questions.types.insert(parts(bare_type(claim.type)).second);
  if (claim.act == Act::add_column || claim.act == Act::query || shapes_type(claim))
    for (const std::string& function : claim.names) questions.functions.insert(folded(function));
  if (claim.act == Act::search_path)
    for (const std::string& schema : claim.names)
      questions.paths.insert(schema.starts_with('\'') ? schema.substr(1, schema.size() - 2) : folded(schema));
}

Risk blocking(const Touch& touch) {
  if (touch.work == Work::rewrite && touch.lock == LockMode::access_exclusive) return Risk::rewrites;
  if (touch.lock == LockMode::access_exclusive) return Risk::blocks_all;
  return conflict(touch.lock, LockMode::row_exclusive) ? Risk::blocks_writes : Risk::harmless;
}

}  // namespace

std::string_view name(Risk risk) {
  static constexpr std::array<std::string_view, 6> names{
      "harmless", "unknown", "blocks writes", "blocks reads and writes", "rewrites", "breaks older images"};
  return names.at(static_cast<std::size_t>(risk));
}

std::vector<Risk> risks(const Step& step) {
  Risk worst = step.every_row ? Risk::blocks_writes : Risk::harmless;
  for (const Touch& touch : step.touches) worst = std::max(worst, blocking(touch));
  std::vector<Risk> result;
  if (std::ranges::find(step.notices, Older::breaks, &Notice::older) != step.notices.end())
    result.push_back(Risk::breaks_older);
  if (worst != Risk::harmless) result.push_back(worst);
  if (step.unknown) result.push_back(Risk::unknown);
  if (result.empty()) result.push_back(Risk::harmless);
  return result;
}

Questions questions(const std::vector<Ahead>& pending) {
  Questions result;
  for (const Ahead& ahead : pending) {
    const Script script{ahead.script};
    for (const Statement& statement : script.statements()) {
      const std::string text{script.text_of(statement)};
      for (const Claim& claim : read_claims(text)) ask(claim, result);
      if (statement.begin >= ahead.done) result.statements.insert(text);
    }
  }
  return result;
}

Forecast make_forecast(const std::vector<Ahead>& pending, const Facts& facts) {
  Forecast forecast;
  Weigher weigher{facts};
  for (const Ahead& ahead : pending) forecast.courses.push_back(course_of(ahead, facts, weigher));
  for (Course& course : forecast.courses) {
    soften(course, weigher.restored());
    tell_held(course);
    add_blockers(course, facts, forecast);
  }
  forecast.problems = weigher.problems();
  return forecast;
}

}  // namespace schemagate
