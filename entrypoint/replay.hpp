#pragma once

#include <functional>
#include <string>

#include "gate.hpp"
#include "schema/snapshot.hpp"
#include "server/environment.hpp"

namespace schemagate {

/// Replays the gate's migrations where `url` points to, through the code that production goes through, and describes
/// what they produce. Throws Failure as apply does, and 76 when the database is not empty.
[[nodiscard]] Snapshot replay(const Gate& gate, const Url& url);

/// The same on a throw-away server, with unqualified names going to `schema`.
[[nodiscard]] Snapshot replay_aside(const Gate& gate, const Environment& environment, const std::string& schema);

/// The longest prefix of the migrations that produces what `fits` accepts; how many that are, 0 when there is none.
using Fits = std::function<bool(const Snapshot&)>;
[[nodiscard]] std::size_t replay_until(const Gate& gate, const Environment& environment, const std::string& schema,
                                       const Fits& fits);

/// The first migrations of a folder.
[[nodiscard]] Folder first(const Folder& folder, std::size_t count);

}  // namespace schemagate
