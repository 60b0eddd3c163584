#include "wait.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

namespace schemagate {
namespace {

short events(Until state) {
  switch (state) {
    case Until::readable:
      return POLLIN;
    case Until::writable:
      return POLLOUT;
    case Until::either:
      return POLLIN | POLLOUT;
  }
  return 0;
}

/// Rounded up: a wait that ends a moment early would spin.
int milliseconds_until(Clock::time_point moment) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(moment - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

void throw_if_stopped(const pollfd& stop) {
  signalfd_siginfo info{};
  if ((stop.revents & POLLIN) != 0 && ::read(stop.fd, &info, sizeof info) == sizeof info)
    throw Stopped{static_cast<int>(info.ssi_signo)};
}

}  // namespace

bool Wait::on(int socket, Until state, Clock::time_point moment) const {
  const Clock::time_point end = deadline_ ? std::min(moment, *deadline_) : moment;
  std::array<pollfd, 2> watched{pollfd{.fd = stop_descriptor_, .events = POLLIN, .revents = 0},
                                pollfd{.fd = socket, .events = events(state), .revents = 0}};
  for (;;) {
    const int ready = ::poll(watched.data(), watched.size(), milliseconds_until(end));
    if (ready > 0) throw_if_stopped(watched[0]);
    // Before the socket: one that always has something to say must not outrun the deadline.
    if (deadline_ && Clock::now() >= *deadline_) throw DeadlinePassed{};
    if (ready > 0 && watched[1].revents != 0) return true;
    if (Clock::now() >= end) return false;
  }
}

Wait Wait::at_most(Clock::duration span) const {
  const Clock::time_point end = Clock::now() + span;
  return Wait{stop_descriptor_, deadline_ ? std::min(*deadline_, end) : end};
}

void Wait::pause(Clock::duration span) const { (void)on(-1, Until::readable, Clock::now() + span); }

}  // namespace schemagate
