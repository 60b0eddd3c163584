#include "server/shell.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "failure.hpp"
#include "server/environment.hpp"
#include "server/exec.hpp"

namespace schemagate {
namespace {

constexpr auto grace = std::chrono::seconds{5};
constexpr auto looked_every = std::chrono::milliseconds{10};

void connect_streams() {
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
}

/// In the child. The shell must not outlive us: nobody would end it in time.
[[noreturn]] void become(const std::string& command, std::vector<std::string>& entries, Signals& signals,
                         pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(128 + SIGKILL);
  connect_streams();
  std::vector<char*> block(entries.size() + 1);
  std::ranges::transform(entries, block.begin(), [](std::string& entry) { return entry.data(); });
  try {
    exec_program({{"/bin/sh", "-c", command}, "/bin/sh"}, Environment{block.data()}, signals, not_contacted);
  } catch (const Failure& failure) {
    ::_exit(failure.report().code);
  }
}

}  // namespace

ShellCommand::ShellCommand(const std::string& command, std::vector<std::string> environment, Signals& signals) {
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
  if (child_ == 0) become(command, environment, signals, parent);
  // Also here: the group must be there when it is to be ended.
  ::setpgid(child_, child_);
}

ShellCommand::~ShellCommand() {
  if (status_) return;
  ::kill(-child_, SIGTERM);
  for (const auto end = Clock::now() + grace; !is_gone() && Clock::now() < end;)
    Wait::undisturbed().pause(looked_every);
  ::kill(-child_, SIGKILL);
  if (!status_) ::waitpid(child_, nullptr, 0);
}

bool ShellCommand::has_ended() {
  int status = 0;
  if (!status_ && ::waitpid(child_, &status, WNOHANG) == child_) status_ = status;
  return status_.has_value();
}

bool ShellCommand::is_gone() {
  if (!has_ended()) return false;
  // Whom the shell left behind are our children where we are PID 1, and would stay in the group as zombies.
  while (::waitpid(-child_, nullptr, WNOHANG) > 0) continue;
  return ::kill(-child_, 0) != 0;
}

std::optional<int> ShellCommand::wait(const Wait& wait, Clock::time_point end) {
  while (!has_ended()) {
    if (Clock::now() >= end) return std::nullopt;
    wait.pause(looked_every);
  }
  return status_;
}

}  // namespace schemagate
