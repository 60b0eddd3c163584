#pragma once

#include <chrono>
#include <exception>
#include <optional>

namespace schemagate {

using Clock = std::chrono::steady_clock;

/// TERM, INT, HUP or QUIT arrived while signals were held.
struct Stopped : std::exception {
  explicit Stopped(int number) : signal{number} {}
  [[nodiscard]] const char* what() const noexcept override { return "stopped by a signal"; }
  int signal;
};

/// --deadline passed.
struct DeadlinePassed : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "the deadline passed"; }
};

enum class Until { readable, writable, either };

/// The only place where we sleep: every wait for the server, the lock or a retry watches the socket, the signals and
/// the deadline at once.
class Wait {
 public:
  /// `stop_descriptor` becomes readable when a signal asks us to stop (Signals::descriptor()); -1 watches none.
  Wait(int stop_descriptor, std::optional<Clock::time_point> deadline)
      : stop_descriptor_{stop_descriptor}, deadline_{deadline} {}

  /// True when the socket is ready, false when `moment` came first. Throws Stopped or DeadlinePassed.
  [[nodiscard]] bool on(int socket, Until state, Clock::time_point moment) const;
  /// Throws Stopped or DeadlinePassed.
  void pause(Clock::duration span) const;

  [[nodiscard]] std::optional<Clock::time_point> deadline() const { return deadline_; }
  /// The same with an earlier deadline.
  [[nodiscard]] Wait at_most(Clock::duration span) const;
  /// For cleaning up after Stopped or DeadlinePassed: hears neither again.
  [[nodiscard]] static Wait undisturbed() { return Wait{-1, std::nullopt}; }

 private:
  int stop_descriptor_;
  std::optional<Clock::time_point> deadline_;
};

}  // namespace schemagate
