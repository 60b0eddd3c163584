#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "server/signals.hpp"
#include "wait.hpp"

namespace schemagate {

/// A shell command in a process group of its own: what it prints is on our stderr, its stdin is empty, signals are as
/// we found them. What it leaves running in the background when it ends by itself stays, a tunnel for instance.
class ShellCommand {
 public:
  /// `environment` are `NAME=value` entries. Throws std::system_error.
  ShellCommand(const std::string& command, std::vector<std::string> environment, Signals& signals);
  /// Ends the whole group where wait() did not see its end: TERM, and KILL for what is left after 5 s.
  ~ShellCommand();
  ShellCommand(const ShellCommand&) = delete;
  ShellCommand& operator=(const ShellCommand&) = delete;

  /// What waitpid told, or nothing when `end` came first. Throws Stopped or DeadlinePassed.
  [[nodiscard]] std::optional<int> wait(const Wait& wait, Clock::time_point end);

 private:
  bool has_ended();
  [[nodiscard]] bool is_gone();

  ChildrenNoticed noticed_;
  pid_t child_ = -1;
  std::optional<int> status_;
};

}  // namespace schemagate
