#include "server/signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstring>
#include <exception>

namespace schemagate {
namespace {

constexpr std::array stops{SIGTERM, SIGINT, SIGHUP, SIGQUIT};

// A handler gets no argument of ours; this is the one object it can reach.
const std::array<std::string, 4>* words = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// A reader that stands still must not keep us: a pipe that polls writable takes a short text without blocking.
bool is_heard() {
  pollfd error_output{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&error_output, 1, 0) == 1 && (error_output.revents & POLLOUT) != 0;
}

/// Only async-signal-safe calls: poll, write and _exit. PID 1 cannot end itself by raising the signal again.
extern "C" void stop_at_once(int number) {
  if (words != nullptr && is_heard())
    for (std::size_t i = 0; i < stops.size(); ++i)
      if (stops[i] == number) [[maybe_unused]]
        const auto written = ::write(STDERR_FILENO, (*words)[i].data(), (*words)[i].size());
  ::_exit(128 + number);
}

bool is_ignored(int number) {
  struct sigaction found {};
  sigaction(number, nullptr, &found);
  return found.sa_handler == SIG_IGN;
}

void handle(int number) {
  struct sigaction action {};
  action.sa_handler = stop_at_once;
  sigfillset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

}  // namespace

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number) : std::string{"SIG"} + name;
}

Signals::Signals() {
  sigprocmask(SIG_SETMASK, nullptr, &found_mask_);
  sigemptyset(&ours_);
  // One that was ignored when we started (nohup, a shell's background job) stays ignored: unhandled, and never blocked
  // either, because the kernel keeps a blocked signal even when it is ignored.
  for (const int number : stops)
    if (!is_ignored(number)) sigaddset(&ours_, number), handle(number);
  // A log reader that went away must not kill a migration half way.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &found_pipe_);
  descriptor_ = ::signalfd(-1, &ours_, SFD_CLOEXEC | SFD_NONBLOCK);
}

Signals::~Signals() {
  words = nullptr;
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Signals::last_words(const std::array<std::string, 4>& lines) { words = &lines; }

void Signals::hold() {
  ++held_;
  sigprocmask(SIG_BLOCK, &ours_, nullptr);
}

// Unblocking delivers what is pending, so the handler of the abrupt state drains the gap. A failure on its way out
// ends us anyway, and knows more than the handler's words.
void Signals::release() {
  if (--held_ == 0 && std::uncaught_exceptions() == 0) sigprocmask(SIG_SETMASK, &found_mask_, nullptr);
}

void Signals::let_go() {
  if (held_ == 0) sigprocmask(SIG_SETMASK, &found_mask_, nullptr);
}

void Signals::restore_for_exec() {
  sigaction(SIGPIPE, &found_pipe_, nullptr);
  sigprocmask(SIG_SETMASK, &found_mask_, nullptr);
}

ChildrenNoticed::ChildrenNoticed() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &action, &found_);
}

ChildrenNoticed::~ChildrenNoticed() { sigaction(SIGCHLD, &found_, nullptr); }

}  // namespace schemagate
