#include "run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "baseline.hpp"
#include "check.hpp"
#include "database/parameter.hpp"
#include "difference.hpp"
#include "failure.hpp"
#include "foresee.hpp"
#include "gate.hpp"
#include "guarded.hpp"
#include "hooks.hpp"
#include "mask.hpp"
#include "migrations/folder.hpp"
#include "output.hpp"
#include "persist.hpp"
#include "sandbox.hpp"
#include "seal.hpp"
#include "secret.hpp"
#include "server/accounts.hpp"
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

/// Libpq would take the token and say nothing.
void refuse_password(const Url& url, const Environment& environment) {
  const bool in_url = !url.value("password").empty();
  if (!in_url && !environment.value("PGPASSWORD")) return;
  throw Failure{ExitCode::configuration,
                fmt::format("SCHEMAGATE_AZURE_IDENTITY is set and {}, and only one can be meant",
                            in_url ? "the database URL has a password" : "so is PGPASSWORD"),
                "SCHEMAGATE_AZURE_IDENTITY", not_contacted,
                in_url ? "take the password out of the URL: postgresql://ROLE@HOST:5432/DATABASE"
                       : "remove PGPASSWORD, or SCHEMAGATE_AZURE_IDENTITY"};
}

/// What libpq reads by itself and shows again.
void require_sound_variables(const Environment& environment) {
  constexpr std::array<std::pair<const char*, const char*>, 9> keywords{{{"PGHOST", "host"},
                                                                         {"PGHOSTADDR", "hostaddr"},
                                                                         {"PGPORT", "port"},
                                                                         {"PGUSER", "user"},
                                                                         {"PGDATABASE", "dbname"},
                                                                         {"PGSERVICE", "service"},
                                                                         {"PGSSLKEY", "sslkey"},
                                                                         {"PGAPPNAME", "application_name"},
                                                                         {"PGCONNECT_TIMEOUT", "connect_timeout"}}};
  for (const auto& [variable, keyword] : keywords) try {
      require_sound(keyword, environment.value(variable).value_or(""));
    } catch (const BadUrl& bad) {
      throw Failure{ExitCode::configuration, fmt::format("{} cannot be used: {}", variable, bad.what()), variable,
                    not_contacted,
                    fmt::format("give it the {} alone, or remove it; a connection string belongs into "
                                "SCHEMAGATE_DATABASE_URL or DATABASE_URL",
                                keyword)};
    }
  for (const std::string& variable : environment.names_with_prefix("PG"))
    if (variable != "PGPASSWORD" && is_like_connection(environment.value(variable).value_or("")))
      throw Failure{ExitCode::configuration, fmt::format("{} holds a connection string", variable), variable,
                    not_contacted,
                    "remove it; a connection string belongs into SCHEMAGATE_DATABASE_URL or DATABASE_URL"};
}

/// As URLs are: capitals, and the words of node-postgres.
void read_ssl_mode(const Environment& environment, Url& url) {
  const std::optional<std::string> given = environment.value("PGSSLMODE");
  if (!given || !url.value("sslmode").empty()) return;
  try {
    // Where a service is named, its own word comes before that of the environment.
    ::setenv("PGSSLMODE", read_mode(*given, url).c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  } catch (const BadUrl& bad) {
    throw Failure{ExitCode::configuration, fmt::format("PGSSLMODE cannot be used: {}", bad.what()), "PGSSLMODE",
                  not_contacted, bad.next};
  }
}

/// libpq would ask NSS, whose modules are the image's. A service may know better.
void name_user(const Environment& environment, Url& url) {
  const bool is_by_service = !url.value("service").empty() || environment.value("PGSERVICE");
  if (!url.value("user").empty() || environment.value("PGUSER") || is_by_service) return;
  const std::optional<Account> account = account_of(::geteuid());
  if (!account)
    throw Failure{ExitCode::configuration,
                  fmt::format("no user is named, and uid {} has no name in /etc/passwd", ::geteuid()), url.place(),
                  not_contacted, "name the user in the URL, or set PGUSER"};
  set_keyword(url, "user", account->name);
}

Url read_url(const Config& config, Environment& environment) {
  const std::string folder = std::filesystem::path{config.migrations}.parent_path().string();
  try {
    // --wait 0s means one try, also for a command.
    const Clock::duration patience = config.wait > Clock::duration{} ? config.wait : std::chrono::seconds{5};
    const Clock::duration limit = std::min(patience, config.deadline.value_or(patience));
    const std::optional<std::string> text = database_url(environment, limit);
    require_sound_variables(environment);
    Url url = text ? parse_url(*text, folder) : Url{};
    for (const char* secret : {"password", "sslpassword"}) conceal(url.value(secret));
    url.identity = config.azure_identity;
    read_ssl_mode(environment, url);
    name_user(environment, url);
    url.home = environment.value("HOME").value_or("");
    if (!url.identity.empty()) refuse_password(url, environment);
    return url;
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
  const Url url = needs_url(config) ? read_url(config, environment) : Url{};
  if (config.command != Command::run) environment.wipe_connections();
  for (const std::string& note : url.notes) log.warn("url", note);
  const int code = act(Gate{config, folder, sealed, url, log, signals, wait}, program, environment);
  if (config.command == Command::run) exec_program(*program, environment, signals, verified);
  return code;
}

}  // namespace schemagate
