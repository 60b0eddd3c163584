#pragma once

#include <optional>

#include "server/environment.hpp"

namespace schemagate {

/// Stays, as tini does: forwards signals to one child, reaps whatever becomes an orphan, ends with the child's code.
///
/// Returns empty in the child, which goes on as if it had been started in our place: in a process group of its own, in
/// the foreground of a terminal. Returns in the parent when the child has ended: its exit code, or 128+n. The parent
/// knows no secret but those in `environment`, and wipes them.
[[nodiscard]] std::optional<int> stay(Environment& environment);

}  // namespace schemagate
