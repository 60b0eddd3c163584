#include "replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "failure.hpp"
#include "guarded.hpp"
#include "schema/catalog.hpp"
#include "schema/throwaway.hpp"
#include "text.hpp"
#include "verify.hpp"

namespace schemagate {
namespace {

/// Nothing of how this image starts says how its migrations are replayed.
Config replaying(Config config) {
  config.command = Command::apply;
  config.policy = {};
  config.snapshot = "none";
  config.create_database = false;
  return config;
}

[[noreturn]] void refuse_unreadable(const Gate& gate, const Unreadable& unreadable) {
  throw Failure{ExitCode::lock_timeout, fmt::format("the schema could not be read: {}", unreadable.why),
                gate.url.place(), untouched, "end the session that holds the lock, or wait for it, and start again"};
}

/// What a new database has, and what its image brings along.
bool is_given(const Object& object) {
  return object.kind == "extension" || object.kind == "extversion" ||
         (object.kind == "schema" && object.identity == "public");
}

/// Whatever is there would be taken for what the migrations produce.
void require_empty(const Gate& gate, Connection& connection) {
  const Reading reading = read_history(connection, gate.table(), gate.url.place());
  const auto found = read_live(gate, connection, {});
  if (const auto* unreadable = std::get_if<Unreadable>(&found)) refuse_unreadable(gate, *unreadable);
  std::vector<std::string> names;
  if (reading.history.exists) names.emplace_back("a migration history");
  for (const Object& object : std::get<Live>(found).objects)
    if (!is_given(object)) names.push_back(object.kind + " " + object.identity);
  if (names.empty()) return;
  throw Failure{ExitCode::refused,
                fmt::format("the database to replay the migrations on is not empty:\n  {}", indent(listed(names), 2)),
                gate.url.place(), untouched,
                "point the URL to a new database, or leave out --database-url to use a throw-away server"};
}

/// A new database has a public schema that nobody asked for.
void drop_unused_public(Snapshot& snapshot) {
  const auto inside = [](const Object& object) { return object.identity.starts_with("public."); };
  if (snapshot.schema == "public" || std::ranges::any_of(snapshot.objects, inside)) return;
  std::erase_if(snapshot.objects, [](const Object& o) { return o.kind == "schema" && o.identity == "public"; });
}

Snapshot described(const Gate& gate, Connection& connection) {
  const Reading reading = read_history(connection, gate.table(), gate.url.place());
  auto found = read_live(gate, connection, {});
  if (const auto* unreadable = std::get_if<Unreadable>(&found)) refuse_unreadable(gate, *unreadable);
  Snapshot snapshot{.major = reading.server.version / 10000,
                    .schema = gate.table().schema,
                    .migrations = {},
                    .objects = std::get<Live>(std::move(found)).objects};
  for (const Migration& migration : gate.folder.migrations)
    snapshot.migrations.emplace_back(migration.name, migration.checksum);
  drop_unused_public(snapshot);
  return snapshot;
}

/// Applies what is not applied yet, and describes the result.
Snapshot go_on(const Gate& gate, const Folder& folder, const Url& url) {
  const Config config = replaying(gate.config);
  const std::optional<Sealed> none;
  const Gate inner{config, folder, none, url, gate.log, gate.signals, gate.wait};
  pass(inner);
  Connection connection = open(inner);
  return guarded(url, untouched, [&] { return described(inner, connection); });
}

Url url_of(const Throwaway& server, const std::string& schema) {
  Url url = parse_url(server.url(), "");
  if (schema != "public") url.schema = schema;
  return url;
}

}  // namespace

Snapshot replay(const Gate& gate, const Url& url) {
  const Config config = replaying(gate.config);
  const std::optional<Sealed> none;
  const Gate inner{config, gate.folder, none, url, gate.log, gate.signals, gate.wait};
  {
    Connection connection = open(inner);
    guarded(url, untouched, [&] { require_empty(inner, connection); });
  }
  return go_on(gate, gate.folder, url);
}

Snapshot replay_aside(const Gate& gate, const Environment& environment, const std::string& schema) {
  const Held held{gate.signals};
  const Throwaway server{
      {.programs = gate.config.pg_bin, .listens = false, .port = std::nullopt}, environment, gate.wait, gate.log};
  return go_on(gate, gate.folder, url_of(server, schema));
}

std::size_t replay_until(const Gate& gate, const Environment& environment, const std::string& schema,
                         const Fits& fits) {
  const Held held{gate.signals};
  const Throwaway server{
      {.programs = gate.config.pg_bin, .listens = false, .port = std::nullopt}, environment, gate.wait, gate.log};
  const Url url = url_of(server, schema);
  const Log quiet{LogFormat::silent};
  const Gate aside{gate.config, gate.folder, gate.sealed, gate.url, quiet, gate.signals, gate.wait};
  std::size_t found = 0;
  for (std::size_t count = 1; count <= gate.folder.migrations.size(); ++count) {
    if (fits(go_on(aside, first(gate.folder, count), url))) found = count;
    gate.signals.hold();  // The gate has released them.
  }
  return found;
}

Folder first(const Folder& folder, std::size_t count) {
  const auto end = folder.migrations.begin() + static_cast<std::ptrdiff_t>(count);
  return {folder.path, {folder.migrations.begin(), end}, {}};
}

}  // namespace schemagate
