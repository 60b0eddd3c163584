#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace schemagate {

enum class Command { run, apply, verify, status, resolve, snapshot, diff, baseline, sandbox, check, plan };
enum class Resolution { applied, rolled_back, accept };
enum class Format { text, json, markdown, github };

/// A setting that has a flag and a variable.
struct Setting {
  std::string flag;      ///< `--lock-wait`
  std::string variable;  ///< `SCHEMAGATE_LOCK_WAIT`
  std::string fallback;  ///< as written
  std::string help;
  bool is_switch = false;  ///< the flag takes no value
};

/// Every setting, in the order of `--help`. Command line, environment and help are read off this one table.
[[nodiscard]] const std::vector<Setting>& settings();

/// What was said on the command line, not yet checked against anything.
struct CommandLine {
  Command command = Command::run;
  std::map<std::string, std::string> flags;  ///< by Setting::flag
  Format format = Format::text;
  std::optional<std::pair<Resolution, std::string>> resolve;
  bool check = false;                ///< snapshot: compare with the file instead of writing it
  bool elsewhere = false;            ///< snapshot: replay where the URL points to, not on a server of our own
  std::string schema;                ///< snapshot: where unqualified names go
  std::string up_to;                 ///< baseline: the last migration that the database already contains
  bool keep = false;                 ///< sandbox: leave the server when the program has ended
  std::optional<int> port;           ///< sandbox
  bool staged = false;               ///< check: what is staged counts as committed
  std::vector<std::string> program;  ///< after `--`
  std::optional<std::string> print;  ///< --help or --version: print this and do nothing
};

/// Throws Failure 64, also when a command that starts a program is given none.
[[nodiscard]] CommandLine read_command_line(const std::vector<std::string>& arguments);

}  // namespace schemagate
