#pragma once

#include <string>

#include "database/connection.hpp"
#include "migrations/migration.hpp"
#include "migrations/script.hpp"

namespace schemagate {

/// Detail, hint and context of a server message, a line each, to follow its first line.
[[nodiscard]] std::string details(const ServerMessage& error);

/// All that the server said, to follow the name of the migration that it is about.
[[nodiscard]] std::string told(const Migration& migration, const ServerMessage& error);

/// File, line, column and the lines themselves, as far as the server told a position.
[[nodiscard]] std::string location(const Migration& migration, const ServerMessage& error);

/// What stands in the message before and behind a script or a part of it.
struct Frame {
  std::size_t prefix = 0;  ///< characters of the message before it
  std::size_t begin = 0;   ///< bytes of the script
  std::size_t end = 0;
};

/// The context of an error in what we write behind a script.
inline constexpr const char* recording = "recording the migration in its history";

/// The server counts positions from the start of the message; the operator's editor counts from the start of the file.
/// Behind the script are lines of our own, which no file shows.
void rebase(ServerMessage& error, const Frame& frame, const std::string& script);

/// All of it, for the `logs` of the migration's row.
[[nodiscard]] std::string logs_text(const Migration& migration, const ServerMessage& error);

/// What mends a script that was rolled back whole.
[[nodiscard]] std::string advice(const ServerMessage& error, const std::string& name);

/// For a script that would have to be taken apart for `grain`, and may not.
[[nodiscard]] std::string apart_advice(const Migration& migration, const Script& script, Grain grain);

/// For a script of which a part may be there.
[[nodiscard]] std::string kept_advice(const std::string& name);

}  // namespace schemagate
