#include "verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "failure.hpp"
#include "migrations/checksum.hpp"
#include "schema/mark.hpp"
#include "schema/render.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::size_t shown_lines = 30;

/// What a mark of this image, compared in this way, is called. Another version may judge otherwise.
std::string mark_name(const Gate& gate, bool ahead) {
  const std::string compared =
      gate.sealed->hash() + join(gate.config.ignore, ",") + (ahead ? "ahead" : "") + SCHEMAGATE_VERSION;
  return checksum(compared).substr(0, 16);
}

/// With more migrations applied than this image knows, only what breaks it counts.
bool is_drift(const View& view, const std::vector<Finding>& findings) {
  const Level least = view.plan.ahead.empty() ? Level::risky : Level::breaking;
  return std::ranges::any_of(findings, [&](const Finding& finding) { return finding.level <= least; });
}

bool refuses_drift(const Gate& gate, const View& view) {
  const bool allowed = !view.plan.ahead.empty() && gate.config.policy.ahead == OnAhead::allow;
  return gate.config.drift == OnDrift::refuse && !allowed;
}

std::string where(const Gate& gate) { return fmt::format("{}, snapshot {}", gate.url.place(), gate.sealed->file); }

/// Passing with less than before must be somebody's decision.
void require_snapshot(const Gate& gate, const View& view, const char* state) {
  if (gate.config.snapshot == "none" || parse_mark(view.reading.comment).names.empty()) return;
  throw Failure{ExitCode::configuration,
                "this database's schema was verified with a snapshot before, and this image has none",
                fmt::format("{}, expected {}", gate.url.place(), usual_file(gate.folder)), state,
                "copy the snapshot into the image beside the migrations (schemagate snapshot writes it), or say that "
                "none is meant:\n  --snapshot none  (SCHEMAGATE_SNAPSHOT=none)"};
}

/// Its unqualified names would have gone elsewhere.
void require_schema(const Gate& gate, const char* state) {
  const std::string& made_in = gate.sealed->head.schema;
  if (made_in == gate.table().schema) return;
  throw Failure{
      ExitCode::configuration,
      fmt::format(R"(the snapshot was made in the schema "{}", and the URL says "{}")", made_in, gate.table().schema),
      where(gate), state, fmt::format("schemagate snapshot --schema {}", gate.table().schema)};
}

constexpr const char* drift_advice = R"(see all of it:
  schemagate diff
then bring the schema back, or ship a migration that does; --drift warn (SCHEMAGATE_DRIFT=warn) starts all the same)";

Report drift(const Gate& gate, const View& view, const std::vector<Finding>& findings, const char* state) {
  return {.code = static_cast<int>(ExitCode::refused),
          .what = fmt::format("the live schema is not what this image expects: {}\n{}", counted(findings),
                              render_text(findings, {.colour = false, .most = shown_lines})),
          .where = where(gate),
          .state = fmt::format("{} of this image applied, {} pending; {}", counted(view.plan.applied, "migration"),
                               view.plan.pending.size(), state),
          .next = drift_advice};
}

void tell(const Gate& gate, const std::vector<Finding>& findings, bool ahead) {
  std::vector<std::string> lines;
  lines.reserve(findings.size());
  for (const Finding& finding : findings)
    lines.push_back(fmt::format("{} {} {}: {}", name(finding.level), finding.kind, finding.identity,
                                finding.property.empty() ? name(finding.change) : finding.property + " changed"));
  if (!lines.empty())
    gate.log.info("schema_differs", fmt::format("the schema has {} that {}:\n  {}", counted(findings),
                                                ahead ? "this image can work with" : "change nothing for the program",
                                                indent(listed(lines), 2)));
}

/// Loud, and no reason to keep a server down: nothing says that the schema is wrong.
void tell_unreadable(const Gate& gate, const Unreadable& unreadable) {
  const char* why = unreadable.busy        ? "a lock held elsewhere kept its description from being read"
                    : unreadable.cancelled ? "reading it took too long or was cancelled"
                                           : "it was being changed while it was read";
  gate.log.warn("schema_not_verified", fmt::format("THE SCHEMA WAS NOT VERIFIED: {}: {}", why, unreadable.why));
}

/// What is there may also differ from the mark by temporary tables only: they are counted out by another question.
bool is_known(const Gate& gate, Connection& connection, const View& view, Fingerprint& now) {
  const Mark mark = parse_mark(view.reading.comment);
  const std::string name = mark_name(gate, !view.plan.ahead.empty());
  if (mark.holds(now.everything, name)) return true;
  if (now.everything.empty() || !mark.holds(mark.fingerprint, name)) return false;
  now = fingerprint(connection);
  return mark.holds(now.lasting, name);
}

/// In full, if nothing has changed since.
Fingerprint in_full(Connection& connection, const Fingerprint& seen) {
  if (seen.everything.empty() || !seen.lasting.empty()) return seen;
  Fingerprint now = fingerprint(connection);
  return now.same_as(seen) ? now : Fingerprint{};
}

void leave_mark(const Gate& gate, Connection& connection, const View& view, const Fingerprint& seen) {
  const std::string& comment = view.reading.comment;
  const Mark known = parse_mark(comment);
  const bool foreign = !comment.empty() && known == Mark{};
  const bool looks_only = gate.config.command != Command::run && gate.config.command != Command::apply;
  if (foreign || looks_only || view.reading.server.read_only) return;
  const std::string fingerprint = in_full(connection, seen).mark();
  if (fingerprint.empty()) return;
  (void)write_mark(connection, gate.table(), with(known, fingerprint, mark_name(gate, !view.plan.ahead.empty())));
}

std::vector<Finding> findings(const Gate& gate, Snapshot expected, Live live, const View& view) {
  if (live.expected) return {};
  return differences(gate, std::move(expected), std::move(live.objects), view.reading.server.version);
}

void judge_schema(const Gate& gate, Connection& connection, const View& view, const Fingerprint& fingerprint,
                  const std::vector<Finding>& findings, const char* state) {
  const bool ahead = !view.plan.ahead.empty();
  if (!is_drift(view, findings)) {
    tell(gate, findings, ahead);
    return leave_mark(gate, connection, view, fingerprint);
  }
  const Report report = drift(gate, view, findings, state);
  if (refuses_drift(gate, view)) throw Failure{report};
  gate.log.warn("drift", report.what);
}

}  // namespace

std::string fingerprint_statement(const Gate& gate) { return gate.sealed ? fingerprint_sql() : ""; }

std::variant<Live, Unreadable> read_live(const Gate& gate, Connection& connection,
                                         const std::vector<std::string>& schemas, Known known) {
  const Clock::time_point end = Clock::now() + gate.config.wait;
  for (bool told = false;; told = true) {
    std::variant<Live, Unreadable> found =
        describe(connection, {schemas, gate.table()},
                 {.fingerprint = std::exchange(known.fingerprint, {}), .expected = known.expected});
    const auto* unreadable = std::get_if<Unreadable>(&found);
    if (unreadable == nullptr || !unreadable->busy || Clock::now() >= end) return found;
    if (!told)
      gate.log.info("schema_locked", fmt::format("the schema cannot be read yet, waiting: {}", unreadable->why));
    connection.wait().pause(std::chrono::milliseconds{500});
  }
}

std::vector<Finding> differences(const Gate& gate, Snapshot expected, Description live, int version) {
  return compare(std::move(expected.objects), std::move(live),
                 {.expected_major = expected.major, .live_major = version / 10000, .ignore = gate.config.ignore});
}

void require_fit(const Gate& gate, const View& view, const char* state) {
  if (!gate.sealed) return require_snapshot(gate, view, state);
  require_schema(gate, state);
}

void verify_schema(const Gate& gate, Connection& connection, const View& view, const char* state) {
  require_fit(gate, view, state);
  if (!gate.sealed) return;
  Fingerprint known{.everything = view.reading.fingerprint, .lasting = {}};
  if (is_known(gate, connection, view, known)) return;
  Snapshot expected;
  const auto parse = [&] {
    if (expected.objects.empty()) expected = whole(*gate.sealed);
    return &expected.objects;
  };
  auto found = read_live(gate, connection, schemas(gate.sealed->text), {.fingerprint = known, .expected = parse});
  auto* live = std::get_if<Live>(&found);
  if (live == nullptr) return tell_unreadable(gate, std::get<Unreadable>(found));
  const Fingerprint seen = live->fingerprint;
  judge_schema(gate, connection, view, seen, findings(gate, std::move(expected), std::move(*live), view), state);
}

}  // namespace schemagate
