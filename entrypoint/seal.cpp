#include "seal.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "failure.hpp"
#include "replay.hpp"
#include "schema/compare.hpp"
#include "schema/render.hpp"
#include "schema/sealed.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

std::string file(const Gate& gate) {
  const std::string& given = gate.config.snapshot;
  return given.empty() || given == "none" ? usual_file(gate.folder) : given;
}

std::string schema(const Gate& gate) {
  return gate.config.line.schema.empty() ? gate.table().schema : gate.config.line.schema;
}

Snapshot made(const Gate& gate, const Environment& environment) {
  return gate.config.line.elsewhere ? replay(gate, gate.url) : replay_aside(gate, environment, schema(gate));
}

/// Whole or not at all: half a snapshot would refuse every start.
void write(const std::string& path, const std::string& content) {
  const std::string aside = path + ".new";
  std::ofstream stream{aside, std::ios::binary | std::ios::trunc};
  stream << content;
  stream.close();
  if (stream && std::rename(aside.c_str(), path.c_str()) == 0) return;
  const std::string why = std::strerror(errno);
  std::error_code error;
  std::filesystem::remove(aside, error);
  throw Failure{ExitCode::configuration, fmt::format("the snapshot cannot be written: {}", why), path,
                "the file is as it was", "make the folder writable, or name another file with --snapshot"};
}

std::string summary(const Snapshot& snapshot) {
  return fmt::format("{} of {}, PostgreSQL {}", counted(snapshot.objects.size(), "object"),
                     counted(snapshot.migrations.size(), "migration"), snapshot.major);
}

/// Only what an extension calls itself; each major brings its own.
Description without_versions(Description objects) {
  std::erase_if(objects, [](const Object& object) { return object.kind == "extversion"; });
  return objects;
}

/// On one major text is compared with text; otherwise what the two say.
std::string difference(const Gate& gate, const Snapshot& committed, const Snapshot& now) {
  if (committed.major == now.major) return unified(write_snapshot(committed), write_snapshot(now));
  const std::vector<std::string> lines = contradictions(committed, gate.folder.migrations);
  return (lines.empty() ? "" : join(lines, "\n") + "\n") +
         render_text(compare(without_versions(committed.objects), without_versions(now.objects),
                             {.expected_major = committed.major, .live_major = now.major, .ignore = {}}),
                     {});
}

void check(const Gate& gate, const Snapshot& now) {
  const std::string path = file(gate);
  const Snapshot committed = whole(read_file(path));
  const std::string lines = difference(gate, committed, now);
  if (lines.empty())
    return gate.log.info("snapshot_checked",
                         fmt::format("{} is what the migrations produce: {}", path, summary(committed)));
  throw Failure{ExitCode::refused,
                fmt::format("the snapshot is not what the migrations produce (- committed, + produced):\n{}", lines),
                fmt::format("{}, {}", path, gate.folder.path), "no database was touched but the throw-away one",
                make_again(path, committed, gate.folder)};
}

/// Nothing where there is no snapshot yet, or a damaged one: making it anew also resolves a merge conflict.
std::optional<Sealed> earlier(const std::string& path) try { return read_file(path); } catch (const Failure&) {
  return std::nullopt;
}

/// An image's stage seals what reached it: a migration that .dockerignore dropped would be missing from both, and the
/// image would start without it.
void require_whole(const Gate& gate) {
  const std::string path = file(gate);
  const std::optional<Sealed> sealed = earlier(path);
  const std::vector<std::string> names =
      sealed ? lost(sealed->head, gate.folder.migrations) : std::vector<std::string>{};
  if (names.empty()) return;
  throw Failure{ExitCode::configuration,
                fmt::format("the snapshot that is there was made with migrations that the folder does not have:\n  {}",
                            indent(listed(names), 2)),
                fmt::format("{}, {}", path, gate.folder.path), "the file is as it was",
                fmt::format("bring them back: in an image, see what .dockerignore and COPY leave out; if they were "
                            "removed on purpose:\n  rm {}",
                            path)};
}

}  // namespace

void seal(const Gate& gate, const Environment& environment) {
  if (!gate.config.line.check) require_whole(gate);
  const Snapshot now = made(gate, environment);
  if (gate.config.line.check) return check(gate, now);
  write(file(gate), write_snapshot(now));
  gate.log.info("snapshot_written", fmt::format("wrote {}: {}", file(gate), summary(now)));
}

}  // namespace schemagate
