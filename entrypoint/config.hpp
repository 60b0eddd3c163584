#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log.hpp"
#include "migrations/verdict.hpp"
#include "options.hpp"
#include "server/environment.hpp"
#include "wait.hpp"

namespace schemagate {

enum class OnDrift { refuse, warn };

/// Every setting, merged (flag, then environment, then default) and checked.
struct Config {
  Command command = Command::run;
  std::string migrations;
  std::string snapshot;  ///< path; empty for the default place, which may lack it; `none`
  Policy policy;
  OnDrift drift = OnDrift::refuse;
  std::vector<std::string> ignore;  ///< patterns over identities
  std::string pg_bin;               ///< empty: to be looked for
  std::string azure_identity;       ///< `system` or a client id; empty: none
  std::string base;                 ///< empty: none
  std::string dockerfile;           ///< empty: to be looked for; `none`
  std::string context;              ///< empty: to be looked for
  std::string target;               ///< of the Dockerfile; empty: its last stage
  bool allow_empty = false;
  bool create_database = false;
  bool skip = false;
  bool show_values = false;
  bool init = false;
  std::string before;  ///< shell commands; empty: none
  std::string after;
  Clock::duration hook_timeout{};
  bool use_lock = true;
  Clock::duration wait{};
  Clock::duration lock_wait{};
  Clock::duration ddl_lock_timeout{};
  std::optional<Clock::duration> deadline;
  CommandLine line;  ///< what belongs to one command only
};

/// Throws Failure naming flag or variable and the value seen: 64 for a flag, 78 for a variable, also an unknown
/// SCHEMAGATE_* one, which would leave a gate open.
[[nodiscard]] Config make_config(const CommandLine& line, const Environment& environment);

/// As far as it can be known before everything else is checked.
[[nodiscard]] LogFormat log_format(const std::vector<std::string>& arguments, const Environment& environment);

/// The same for where a refusal is left.
[[nodiscard]] std::string termination_log(const std::vector<std::string>& arguments, const Environment& environment);

/// `500ms`, `30s`, `5m`, `1h`, up to a year; nothing else.
[[nodiscard]] std::optional<Clock::duration> parse_duration(const std::string& text);

}  // namespace schemagate
