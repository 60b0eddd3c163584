#include "run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "failure.hpp"
#include "gate.hpp"
#include "migrations/folder.hpp"
#include "secret.hpp"
#include "server/exec.hpp"
#include "status.hpp"

namespace schemagate {
namespace {

Wait waiting(const Config& config, const Signals& signals) {
  std::optional<Clock::time_point> end;
  if (config.deadline) end = Clock::now() + *config.deadline;
  return Wait{signals.descriptor(), end};
}

Url read_url(const Config& config, Environment& environment) {
  const std::string folder = std::filesystem::path{config.migrations}.parent_path().string();
  try {
    // --wait 0s means one try, also for a command.
    const Clock::duration patience = config.wait > Clock::duration{} ? config.wait : std::chrono::seconds{5};
    const Clock::duration limit = std::min(patience, config.deadline.value_or(patience));
    const std::optional<std::string> text = database_url(environment, limit);
    return text ? parse_url(*text, folder) : Url{};
  } catch (const BadUrl& bad) {
    throw Failure{ExitCode::configuration, fmt::format("the database URL cannot be used: {}", bad.what()),
                  "SCHEMAGATE_DATABASE_URL or DATABASE_URL", not_contacted, bad.next};
  }
}

/// For resolve the folder may lack what is asked about, and says so itself.
Folder read_migrations(const Config& config, const Log& log) {
  Folder folder = read_folder(config.migrations, config.allow_empty || config.command == Command::resolve);
  for (const std::string& warning : folder.warnings) log.warn("folder", warning);
  return folder;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void show(const Gate& gate) {
  Connection connection = open(gate);
  const View view = look(gate, connection);
  print(gate.config.json ? status_json(gate, view) : status_text(gate, view));
  if (view.verdict.refusal) throw Failure{*view.verdict.refusal};
}

void act(const Gate& gate) {
  switch (gate.config.command) {
    case Command::run:
    case Command::apply:
    case Command::verify:
      return pass(gate);
    case Command::status:
      return show(gate);
    case Command::resolve:
      return repair(gate);
  }
}

}  // namespace

void run(const Config& config, Environment& environment, Signals& signals, const Log& log) {
  std::optional<Program> program;
  if (config.command == Command::run) program = find_program(config.program, environment);
  if (!program || !config.skip) {
    const Wait wait = waiting(config, signals);
    const Folder folder = read_migrations(config, log);
    const Url url = read_url(config, environment);
    for (const std::string& note : url.notes) log.warn("url", note);
    act(Gate{config, folder, url, log, signals, wait});
  } else {
    log.warn("skipped", fmt::format("SCHEMAGATE_SKIP is set: starting {} without looking at the database",
                                    config.program.front()));
  }
  if (program) exec_program(*program, environment, signals);
}

}  // namespace schemagate
