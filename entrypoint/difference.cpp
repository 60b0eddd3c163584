#include "difference.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "failure.hpp"
#include "guarded.hpp"
#include "output.hpp"
#include "persist.hpp"
#include "schema/render.hpp"
#include "verify.hpp"

namespace schemagate {
namespace {

std::string json(const Gate& gate, const std::vector<Finding>& findings) {
  const auto text = [](const std::string& value) { return nlohmann::json(value).dump(); };
  return fmt::format(R"({{"database":{},"snapshot":{},"equal":{},"findings":{}}})", text(gate.url.place()),
                     text(gate.sealed->file), findings.empty(), render_json(findings)) +
         "\n";
}

std::string rendered(const Gate& gate, const std::vector<Finding>& findings) {
  if (gate.config.line.format == Format::json) return json(gate, findings);
  if (gate.config.line.format == Format::markdown) return render_markdown(findings);
  if (findings.empty()) return fmt::format("the live schema is what {} says\n", gate.sealed->file);
  // https://no-color.org
  const bool colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return render_text(findings, {.colour = colour, .most = 0}) + "\n" + counted(findings);
}

void require_snapshot(const Gate& gate) {
  if (gate.sealed) return;
  throw Failure{ExitCode::configuration, "there is no snapshot to compare with", usual_file(gate.folder), not_contacted,
                "schemagate snapshot writes it"};
}

std::vector<Finding> read(const Gate& gate, Connection& connection) {
  return guarded(gate.url, untouched, [&] {
    const Reading reading = read_history(connection, gate.table(), gate.url.place());
    const Snapshot expected = whole(*gate.sealed);
    const auto found = read_live(gate, connection, schemas(expected));
    if (const auto* live = std::get_if<Live>(&found))
      return differences(gate, expected, live->objects, reading.server.version);
    throw Failure{ExitCode::lock_timeout,
                  fmt::format("the schema could not be read: {}", std::get<Unreadable>(found).why), gate.url.place(),
                  untouched, "end the session that holds the lock, or wait for it, and try again"};
  });
}

}  // namespace

int show_difference(const Gate& gate) {
  require_snapshot(gate);
  const std::vector<Finding> findings =
      persist(gate, [&gate](Connection& connection) { return read(gate, connection); });
  std::string text = rendered(gate, findings);
  if (!text.ends_with('\n')) text += '\n';
  print(text);
  return findings.empty() ? 0 : static_cast<int>(ExitCode::refused);
}

}  // namespace schemagate
