#include "database/lookup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace schemagate {
namespace {

/// What a thread finds, which may outlive whoever asked. The end of the pipe that is written to closes when it is done.
class Errand {
 public:
  explicit Errand(std::string host) : host_{std::move(host)} {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe2"};
  }
  ~Errand() {
    finish();
    ::close(ends_[0]);
  }
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  void run() {
    found_ = resolve_host(host_);
    finish();
  }
  [[nodiscard]] Lookup result(const Wait& wait, Clock::time_point end) const {
    if (!wait.on(ends_[0], Until::readable, end)) return {{}, "no answer"};
    return found_;
  }

 private:
  void finish() { ::close(std::exchange(ends_[1], -1)); }

  std::string host_;
  std::array<int, 2> ends_{-1, -1};
  Lookup found_;
};

/// Of this thread, and of those that it starts.
class Blocked {
 public:
  Blocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~Blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Blocked(const Blocked&) = delete;
  Blocked& operator=(const Blocked&) = delete;

 private:
  sigset_t before_{};
};

/// Signals are for the thread that decides.
std::shared_ptr<Errand> start(const std::string& host) {
  auto errand = std::make_shared<Errand>(host);
  const Blocked blocked;
  std::thread{[errand] { errand->run(); }}.detach();
  return errand;
}

}  // namespace

Lookup look_up(const std::string& host, const Wait& wait, Clock::time_point end) {
  if (Lookup numeric = numeric_host(host); numeric.error.empty()) return numeric;
  std::shared_ptr<Errand> errand;
  try {
    errand = start(host);
  } catch (const std::system_error&) {  // no descriptor or no thread is left: then without a limit of ours
    return resolve_host(host);
  }
  return errand->result(wait, end);
}

}  // namespace schemagate
