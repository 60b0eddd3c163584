#include "run.hpp"

#include <fmt/format.h>

#include <optional>

#include "address.hpp"
#include "baseline.hpp"
#include "check.hpp"
#include "difference.hpp"
#include "failure.hpp"
#include "foresee.hpp"
#include "gate.hpp"
#include "guarded.hpp"
#include "hooks.hpp"
#include "migrations/folder.hpp"
#include "output.hpp"
#include "persist.hpp"
#include "sandbox.hpp"
#include "seal.hpp"
#include "server/exec.hpp"
#include "server/libraries.hpp"
#include "status.hpp"
#include "verify.hpp"

namespace schemagate {
namespace {

constexpr const char* verified = "the database is what this image expects; the program was not started";

Wait waiting(const Config& config, const Signals& signals) {
  std::optional<Clock::time_point> end;
  if (config.deadline) end = Clock::now() + *config.deadline;
  return Wait{signals.descriptor(), end};
}

/// For resolve the folder may lack what is asked about, and says so itself.
Folder read_migrations(const Config& config, const Log& log) {
  Folder folder = read_folder(config.migrations, config.allow_empty || config.command == Command::resolve);
  for (const std::string& warning : folder.warnings) log.warn("folder", warning);
  return folder;
}

/// As verify would, but to be shown beside the rest.
void verify_view(const Gate& gate, Connection& connection, View& view) {
  if (view.verdict.refusal) return;
  try {
    guarded(gate.url, untouched, [&] { verify_schema(gate, connection, view, untouched); });
  } catch (const Failure& failure) {
    if (failure.report().lost) throw;
    view.verdict.action = Action::refuse;
    view.verdict.refusal = failure.report();
  }
}

void show(const Gate& gate) {
  const View view = persist(gate, [&gate](Connection& connection) {
    View found = look(gate, connection);
    verify_view(gate, connection, found);
    return found;
  });
  print(gate.config.line.format == Format::json ? status_json(gate, view) : status_text(gate, view));
  if (view.verdict.refusal) throw Failure{*view.verdict.refusal};
}

/// Commands that may do without a database of the operator's.
bool needs_url(const Config& config) {
  if (config.command == Command::snapshot) return config.line.elsewhere;
  return config.command != Command::sandbox;
}

/// A snapshot that is about to be written or judged may contradict the folder.
std::optional<Sealed> read_snapshot_of(const Config& config, const Folder& folder) {
  if (config.command == Command::snapshot || config.command == Command::resolve) return std::nullopt;
  return read_sealed(config.snapshot, folder);
}

/// The exit code, when the command does not become the program.
int act(const Gate& gate, const std::optional<Program>& program, Environment& environment) {
  switch (gate.config.command) {
    case Command::apply:
      pass_with_hooks(gate, environment);
      return 0;
    case Command::run:
    case Command::verify:
      pass(gate);
      return 0;
    case Command::status:
      show(gate);
      return 0;
    case Command::plan:
      foresee(gate);
      return 0;
    case Command::resolve:
      repair(gate);
      return 0;
    case Command::snapshot:
      seal(gate, environment);
      return 0;
    case Command::diff:
      return show_difference(gate);
    case Command::baseline:
      baseline(gate, environment);
      return 0;
    case Command::check:
      return 0;
    case Command::sandbox:
      return sandbox(gate, *program, environment);
  }
  return 0;
}

}  // namespace

int run(const Config& config, Environment& environment, Signals& signals, const Log& log) {
  if (config.command == Command::check) {
    check(config, environment);
    return 0;
  }
  restrict_libraries(environment);
  std::optional<Program> program;
  if (!config.line.program.empty()) program = find_program(config.line.program, environment);
  if (config.command == Command::run && config.skip) {
    log.warn("skipped", fmt::format("SCHEMAGATE_SKIP is set: starting {} without looking at the database",
                                    config.line.program.front()));
    exec_program(*program, environment, signals, not_contacted);
  }
  const Wait wait = waiting(config, signals);
  const Folder folder = read_migrations(config, log);
  const std::optional<Sealed> sealed = read_snapshot_of(config, folder);
  const Url url = needs_url(config) ? read_address(config, environment) : Url{};
  if (config.command != Command::run) environment.wipe_connections();
  for (const std::string& note : url.notes) log.warn("url", note);
  const int code = act(Gate{config, folder, sealed, url, log, signals, wait}, program, environment);
  if (config.command == Command::run) exec_program(*program, environment, signals, verified);
  return code;
}

}  // namespace schemagate
