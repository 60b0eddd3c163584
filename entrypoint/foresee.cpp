#include "foresee.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "database/connect.hpp"
#include "database/pooler.hpp"
#include "database/survey.hpp"
#include "failure.hpp"
#include "forecast/forecast.hpp"
#include "forecast/listing.hpp"
#include "forecast/report.hpp"
#include "forecast/right.hpp"
#include "guarded.hpp"
#include "migrations/progress.hpp"
#include "output.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* history_name = "_prisma_migrations";

std::vector<Ahead> pending(const Gate& gate, const View& view) {
  std::vector<Ahead> result;
  for (const std::string& name : view.plan.pending) {
    const auto found = std::ranges::lower_bound(gate.folder.migrations, name, {}, &Migration::name);
    const auto begun = std::ranges::find(view.plan.begun, name, &HistoryRow::name);
    const std::size_t done = begun == view.plan.begun.end() ? 0 : parse_progress(begun->logs).value_or(Progress{}).done;
    result.push_back({.name = name, .script = found->script, .done = done});
  }
  return result;
}

/// That folder and history disagree leaves nothing to plan. That this server, or this setting, lets nobody apply is
/// said behind the plan.
void require_agreement(const Gate& gate, const View& view) {
  const Place place{gate.url.place(), gate.table().schema, false, gate.sealed.has_value()};
  Policy policy = gate.config.policy;
  policy.pending = OnPending::apply;
  const Verdict verdict = judge(view.plan, policy, place);
  if (verdict.refusal) throw Failure{*verdict.refusal};
  for (const std::string& warning : verdict.warnings) gate.log.warn("history", warning);
}

Questions with_history(Questions questions, const Gate& gate) {
  questions.schema = gate.url.schema;
  questions.relations.insert({gate.table().schema, history_name});
  return questions;
}

/// What recording a migration needs.
std::vector<Problem> history_problems(const Gate& gate, const Facts& facts) {
  if (facts.superuser) return {};
  std::vector<Problem> problems;
  const auto found = std::ranges::find_if(facts.relations, [&](const auto& entry) {
    return entry.second.name == history_name && entry.second.schema == gate.table().schema;
  });
  if (found == facts.relations.end()) {
    const auto schema = facts.schemas.find(gate.table().schema);
    if (schema != facts.schemas.end() && !schema->second)
      problems.push_back(missing_schema_right(schema->first, facts.role));
    return problems;
  }
  for (const char* right : {"INSERT", "UPDATE"})
    if (!found->second.rights.contains(right))
      problems.push_back(missing_right(right, found->second, facts.role, facts.version));
  return problems;
}

/// A missing right is said before what is missing on the server.
std::optional<Report> refusal_of(const Gate& gate, const std::vector<Problem>& problems) {
  if (problems.empty()) return std::nullopt;
  Report report{.code = std::ranges::max(problems, {}, &Problem::code).code,
                .what = "apply would fail:",
                .where = gate.url.place(),
                .state = untouched,
                .next = {}};
  std::vector<std::string> next;
  for (const Problem& problem : problems) {
    report.what += "\n  " + problem.what;
    if (std::ranges::find(next, problem.next) == next.end()) next.push_back(problem.next);
  }
  report.next = join(next, "\n");
  return report;
}

/// In the order in which apply would meet them.
std::optional<Report> refusal(const Gate& gate, const View& view, Connection& connection, const Facts& facts,
                              const std::vector<Problem>& statements) {
  if (view.verdict.refusal) return view.verdict.refusal;
  if (view.plan.pending.empty()) return std::nullopt;
  try {
    require_session(connection, view.reading.server.backend_pid, gate.url);
  } catch (const Failure& failure) {
    return failure.report();
  }
  std::vector<Problem> problems = history_problems(gate, facts);
  problems.insert(problems.end(), statements.begin(), statements.end());
  return refusal_of(gate, problems);
}

bool coloured() {
  // https://no-color.org
  return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

std::string nothing(const Gate& gate, const View& view) {
  return fmt::format("nothing is pending in {}: {} applied\n", gate.url.place(),
                     counted(view.plan.applied, "migration"));
}

std::string rendered(const Gate& gate, const Forecast& forecast, const Scene& scene,
                     const std::optional<Report>& refusal) {
  if (gate.config.line.format == Format::json) return forecast_json(forecast, scene, refusal);
  if (gate.config.line.format == Format::markdown) return forecast_markdown(forecast, scene);
  return forecast_text(forecast, scene, coloured());
}

/// Where nothing is pending there is nothing to ask.
Facts read(const Gate& gate, Connection& connection, const View& view, const std::vector<Ahead>& ahead) {
  if (!ahead.empty()) return survey(connection, with_history(questions(ahead), gate));
  Facts facts;
  facts.version = view.reading.server.version;
  facts.role = view.reading.server.role;
  return facts;
}

}  // namespace

void foresee(const Gate& gate) {
  // Whatever --create-database says: a plan writes nothing.
  Connection connection = connect(gate.url, {.wait = gate.config.wait, .create_database = false}, gate.wait, gate.log);
  const View view = look(gate, connection);
  require_agreement(gate, view);
  const std::vector<Ahead> ahead = pending(gate, view);
  if (ahead.empty() && gate.config.line.format != Format::json) return print(nothing(gate, view));
  std::optional<Report> refused;
  guarded(gate.url, untouched, [&] {
    const Facts facts = read(gate, connection, view, ahead);
    const Forecast forecast = make_forecast(ahead, facts);
    refused = refusal(gate, view, connection, facts, forecast.problems);
    const Scene scene{.place = gate.url.place(),
                      .folder = gate.folder.path,
                      .version = facts.version,
                      .role = facts.role,
                      .rated = facts.rated,
                      .unread = facts.unread};
    print(rendered(gate, forecast, scene, refused));
  });
  if (refused) throw Failure{*refused};
}

}  // namespace schemagate
