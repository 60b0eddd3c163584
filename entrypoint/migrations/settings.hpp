#pragma once

#include <string>
#include <string_view>

namespace schemagate {

/// The statements of a script that set something for the rest of its session (SET, RESET; not SET LOCAL), for another
/// session that goes on where this one stopped. What else a session holds, temporary tables and prepared statements, is
/// lost with it.
[[nodiscard]] std::string session_settings(std::string_view script);

/// Whether the script has its own opinion of how long to wait for locks.
[[nodiscard]] bool sets_lock_timeout(std::string_view script);

}  // namespace schemagate
