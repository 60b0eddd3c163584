#include "server/init.hpp"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "server/signals.hpp"
#include "wait.hpp"

namespace schemagate {
namespace {

/// Our own faults, and what a terminal says to background processes: tini.c, configure_signals().
constexpr std::array kept{SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU};

/// What the parent listens with until its last moment: a signal that comes too late must not change the exit code.
class Listening {
 public:
  Listening() {
    sigfillset(&heard_);
    for (const int number : kept) sigdelset(&heard_, number);
    sigprocmask(SIG_SETMASK, &heard_, &found_mask_);
    // The child is put into the foreground of the terminal, and a background process that does that, or that writes,
    // would be stopped.
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGTTIN, &ignore, &found_input_);
    sigaction(SIGTTOU, &ignore, &found_output_);
  }

  /// In the child.
  void take_back() const {
    sigaction(SIGTTIN, &found_input_, nullptr);
    sigaction(SIGTTOU, &found_output_, nullptr);
    sigprocmask(SIG_SETMASK, &found_mask_, nullptr);
  }
  [[nodiscard]] int descriptor() const { return ::signalfd(-1, &heard_, SFD_CLOEXEC | SFD_NONBLOCK); }

 private:
  ChildrenNoticed noticed_;
  sigset_t heard_{};
  sigset_t found_mask_{};
  struct sigaction found_input_ {};
  struct sigaction found_output_ {};
};

/// Without a terminal there is no foreground, and that is fine.
void come_forward() {
  ::setpgid(0, 0);
  ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
}

void forward(int descriptor, pid_t child) {
  signalfd_siginfo signal{};
  while (::read(descriptor, &signal, sizeof signal) == sizeof signal)
    if (signal.ssi_signo != SIGCHLD) ::kill(child, static_cast<int>(signal.ssi_signo));
}

/// Of all that have ended; what became of the child, if it is among them.
std::optional<int> reap(pid_t child) {
  std::optional<int> code;
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (ended == child) code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return code;
}

int guard(pid_t child, int descriptor) {
  for (;;) {
    if (const std::optional<int> code = reap(child)) return *code;
    (void)Wait::undisturbed().on(descriptor, Until::readable, Clock::time_point::max());
    forward(descriptor, child);
  }
}

}  // namespace

std::optional<int> stay(Environment& environment) {
  if (::getpid() != 1) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const Listening listening;
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error{errno, std::generic_category(), "fork"};
  if (child == 0) {
    come_forward();
    listening.take_back();
    return std::nullopt;
  }
  for (const char* name : own_secrets) environment.wipe(name);
  return guard(child, listening.descriptor());
}

}  // namespace schemagate
