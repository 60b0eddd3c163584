#include "migrations/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "migrations/literals.hpp"
#include "migrations/progress.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

struct Reason {
  std::string what;
  std::string next;
};
using Reasons = std::vector<Reason>;

constexpr std::size_t shown_lines = 12;

/// Without the blank lines around them, of which Prisma writes many.
std::string first_lines(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  std::size_t end = text.find('\n');
  for (std::size_t line = 1; line < shown_lines && end != std::string_view::npos; ++line)
    end = text.find('\n', end + 1);
  text = text.substr(0, end);
  return std::string{text.substr(0, text.find_last_not_of('\n') + 1)};
}

std::string recorded_error(const std::string& logs) {
  if (logs.empty()) return "no error was recorded: the process that ran it was killed or lost the connection";
  return "recorded error:\n" + indent("  " + first_lines(without_details(logs)), 2);
}

void add_failed(const Plan& plan, Reasons& reasons) {
  for (const HistoryRow& row : plan.failed)
    reasons.push_back({fmt::format("the migration {} was started on {} and did not finish; {}", row.name,
                                   row.started_at, recorded_error(row.logs)),
                       fmt::format("look at the schema, then say which it is:\n"
                                   "  nothing of it is there:  schemagate resolve --rolled-back {0}\n"
                                   "  all of it is there:      schemagate resolve --applied {0}",
                                   row.name)});
}

void add_stuck(const Plan& plan, Reasons& reasons) {
  for (const auto& [row, place] : plan.stuck) {
    const std::string error = parse_progress(row.logs).value_or(Progress{}).error;
    reasons.push_back(
        {fmt::format("the migration {} was started on {} and stopped inside the statement at {}, which commits by "
                     "itself: what stands before it is applied, and nothing tells how far it came itself; {}",
                     row.name, row.started_at, place, recorded_error(error)),
         inside_advice(row.name, place)});
  }
}

void add_tables(const Plan& plan, const Place& place, Reasons& reasons) {
  if (plan.tables.empty() || plan.pending.empty()) return;
  reasons.push_back({fmt::format("the schema \"{}\" has tables but no migration history:\n{}", place.schema,
                                 indent("  " + listed(plan.tables), 2)),
                     "if this is the right database and its schema is what the migrations produce, record them with\n"
                     "  schemagate baseline"});
}

std::string describe(const Edited& edited) {
  return fmt::format(
      "the migration {} was edited after it was applied\n  recorded  sha256 {}\n  file      sha256 {}  {}", edited.name,
      edited.recorded, edited.found, edited.file);
}

void add_edited(const Plan& plan, Reasons& reasons) {
  for (const Edited& edited : plan.edited)
    reasons.push_back(
        {describe(edited),
         fmt::format("restore the file as it was applied and put the change into a new migration; if the edit changes "
                     "nothing in the schema:\n  schemagate resolve --accept {}",
                     edited.name)});
}

std::string ahead_text(const Plan& plan) {
  return fmt::format("the database has {} that this image does not contain:\n{}",
                     counted(plan.ahead.size(), "applied migration"), indent("  " + listed(plan.ahead), 2));
}

void add_ahead(const Plan& plan, OnAhead policy, Reasons& reasons) {
  std::string what = ahead_text(plan);
  if (policy == OnAhead::compatible) what += "\nwithout a snapshot, nothing proves that this image works with them";
  reasons.push_back({what,
                     "deploy an image that contains them; if this image is known to work with the newer schema, start "
                     "it with\n  --ahead allow  (SCHEMAGATE_AHEAD=allow)"});
}

std::string begun_text(const HistoryRow& row) {
  const std::string error = parse_progress(row.logs).value_or(Progress{}).error;
  return fmt::format("{} was begun on {} and goes on where it stopped{}", row.name, row.started_at,
                     error.empty() ? "" : ":\n" + indent("  " + first_lines(error), 2));
}

void add_pending(const Plan& plan, const Place& place, Reasons& reasons) {
  std::string what = fmt::format(
      "{} pending:\n{}", counted(plan.pending.size(), "migration") + (plan.pending.size() == 1 ? " is" : " are"),
      indent("  " + listed(plan.pending), 2));
  for (const HistoryRow& row : plan.begun) what += "\n" + begun_text(row);
  if (place.read_only)
    reasons.push_back({what + "\nand this session may only read: a standby, or a server or role set read-only",
                       "point SCHEMAGATE_DATABASE_URL to the primary and to a role that may write, or wait until the "
                       "server accepts writes again"});
  else
    reasons.push_back({what, reasons.empty() ? "schemagate apply" : "then:  schemagate apply"});
}

Report combined(const Plan& plan, const Place& place, const Reasons& reasons) {
  Report report{.code = static_cast<int>(ExitCode::refused),
                .what = {},
                .where = fmt::format(R"({}, table "{}"."_prisma_migrations")", place.database, place.schema),
                .state = fmt::format("{} of this image applied, {} pending; {}", counted(plan.applied, "migration"),
                                     plan.pending.size(), place.state),
                .next = {}};
  for (const Reason& reason : reasons) {
    report.what += (report.what.empty() ? "" : "\n") + reason.what;
    report.next += (report.next.empty() ? "" : "\n") + reason.next;
  }
  return report;
}

std::vector<std::string> warnings(const Plan& plan, const Policy& policy) {
  std::vector<std::string> result;
  for (const std::string& name : plan.late)
    result.push_back(fmt::format("{} is pending but sorts before a migration that is applied already", name));
  for (const auto& [first, second] : plan.ambiguous)
    result.push_back(
        fmt::format("{} is applied before {} here, by the bytes of their names; Prisma since 6.6 may do it the other "
                    "way round: give them distinct timestamps",
                    first, second));
  if (policy.edited == OnEdited::warn)
    for (const Edited& edited : plan.edited) result.push_back(describe(edited));
  if (policy.ahead == OnAhead::allow && !plan.ahead.empty()) result.push_back(ahead_text(plan));
  return result;
}

}  // namespace

std::string inside_advice(const std::string& name, const std::string& place) {
  return fmt::format(
      "finish by hand what is left of it from {0} on, or take back what is there; then say which it is:\n"
      "  nothing of it is there:  schemagate resolve --rolled-back {1}\n"
      "  all of it is there:      schemagate resolve --applied {1}",
      place, name);
}

Verdict judge(const Plan& plan, const Policy& policy, const Place& place) {
  Reasons reasons;
  add_failed(plan, reasons);
  add_stuck(plan, reasons);
  add_tables(plan, place, reasons);
  if (policy.edited == OnEdited::refuse) add_edited(plan, reasons);
  const bool proof = policy.ahead == OnAhead::compatible && place.sealed;
  if (policy.ahead != OnAhead::allow && !proof && !plan.ahead.empty()) add_ahead(plan, policy.ahead, reasons);
  const bool stuck = policy.pending == OnPending::refuse || place.read_only;
  if (!plan.pending.empty() && stuck) add_pending(plan, place, reasons);

  Verdict verdict{.action = plan.pending.empty() ? Action::start : Action::apply,
                  .warnings = warnings(plan, policy),
                  .refusal = std::nullopt};
  if (reasons.empty()) return verdict;
  verdict.action = Action::refuse;
  verdict.refusal = combined(plan, place, reasons);
  return verdict;
}

}  // namespace schemagate
