#include "address.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "database/parameter.hpp"
#include "database/service.hpp"
#include "failure.hpp"
#include "mask.hpp"
#include "secret.hpp"
#include "server/accounts.hpp"

namespace schemagate {
namespace {

// But for the password (PostgreSQL documentation, "Environment Variables" of libpq). Others that begin with PG are the
// program's own.
constexpr std::array of_libpq{"PGHOST",
                              "PGHOSTADDR",
                              "PGPORT",
                              "PGDATABASE",
                              "PGUSER",
                              "PGPASSFILE",
                              "PGSERVICE",
                              "PGSERVICEFILE",
                              "PGSYSCONFDIR",
                              "PGOPTIONS",
                              "PGAPPNAME",
                              "PGSSLMODE",
                              "PGREQUIRESSL",
                              "PGSSLCERT",
                              "PGSSLKEY",
                              "PGSSLROOTCERT",
                              "PGSSLCRL",
                              "PGSSLCRLDIR",
                              "PGSSLSNI",
                              "PGREQUIREPEER",
                              "PGSSLMINPROTOCOLVERSION",
                              "PGSSLMAXPROTOCOLVERSION",
                              "PGGSSENCMODE",
                              "PGKRBSRVNAME",
                              "PGGSSLIB",
                              "PGCONNECT_TIMEOUT",
                              "PGCLIENTENCODING",
                              "PGTARGETSESSIONATTRS",
                              "PGCHANNELBINDING",
                              "PGDATESTYLE",
                              "PGTZ",
                              "PGGEQO"};

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
  for (const char* variable : of_libpq)
    if (is_like_connection(environment.value(variable).value_or("")))
      throw Failure{ExitCode::configuration, fmt::format("{} holds a connection string", variable), variable,
                    not_contacted,
                    "remove it; a connection string belongs into SCHEMAGATE_DATABASE_URL or DATABASE_URL"};
}

/// As URLs are: capitals, and the words of node-postgres.
void read_ssl_mode(const Environment& environment, Url& url) {
  const std::optional<std::string> given = environment.value("PGSSLMODE");
  if (!given || !url.value("sslmode").empty()) return;
  try {
    set_keyword(url, "sslmode", read_mode(*given, url));
  } catch (const BadUrl& bad) {
    throw Failure{ExitCode::configuration, fmt::format("PGSSLMODE cannot be used: {}", bad.what()), "PGSSLMODE",
                  not_contacted, bad.next};
  }
}

/// libpq would ask NSS, whose modules are the image's.
void name_user(const Environment& environment, Url& url) {
  if (!url.value("user").empty() || environment.value("PGUSER")) return;
  const std::optional<Account> account = account_of(::geteuid());
  if (!account)
    throw Failure{ExitCode::configuration,
                  fmt::format("no user is named, and uid {} has no name in /etc/passwd", ::geteuid()), url.place(),
                  not_contacted, "name the user in the URL, or set PGUSER"};
  set_keyword(url, "user", account->name);
}

}  // namespace

Url read_address(const Config& config, Environment& environment) {
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
    url.home = environment.value("HOME").value_or("");
    add_service(url);
    read_ssl_mode(environment, url);
    name_user(environment, url);
    if (!url.identity.empty()) refuse_password(url, environment);
    return url;
  } catch (const BadUrl& bad) {
    throw Failure{ExitCode::configuration, fmt::format("the database URL cannot be used: {}", bad.what()),
                  "SCHEMAGATE_DATABASE_URL or DATABASE_URL", not_contacted, bad.next};
  }
}

}  // namespace schemagate
