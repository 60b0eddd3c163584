#pragma once

#include <array>
#include <csignal>
#include <string>

namespace schemagate {

/// `SIGTERM`.
[[nodiscard]] std::string signal_name(int number);

/// What TERM, INT, HUP and QUIT do to us, from the first lines of main to exec.
///
/// Abrupt: the handler says so and exits with 128+n at once. Right wherever there is nothing to undo. A handler is
/// needed at all because for PID 1 the kernel drops signals whose action is the default one (signal(7),
/// pid_namespaces(7)).
/// Held: blocked, and readable from `descriptor()`, so that a running statement can be cancelled first.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// A signalfd for those of the four that were not ignored when we started; close-on-exec.
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// What the handler prints in the abrupt state; kept by address, so it must outlive this.
  static void last_words(const std::array<std::string, 4>& lines);

  /// May be nested; the last release() counts.
  void hold();
  /// Back to abrupt. A signal that came while held exits now. Does nothing while a Failure is on its way to main.
  void release();

  /// In a handler of a Failure: what release() kept blocked under it.
  void let_go();

  /// Mask and dispositions as they were found. The handlers stay until the kernel replaces them in exec: what
  /// arrives in this gap still ends us with 128+n instead of being lost.
  void restore_for_exec();

 private:
  int descriptor_ = -1;
  int held_ = 0;
  sigset_t ours_{};
  sigset_t found_mask_{};
  struct sigaction found_pipe_ {};
};

/// From here on a signal must be able to cancel what runs, instead of ending us at once.
class Held {
 public:
  explicit Held(Signals& signals) : signals_{signals} { signals_.hold(); }
  ~Held() { signals_.release(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  Signals& signals_;
};

/// Where our parent ignores SIGCHLD, the kernel forgets how a child ended.
class ChildrenNoticed {
 public:
  ChildrenNoticed();
  ~ChildrenNoticed();
  ChildrenNoticed(const ChildrenNoticed&) = delete;
  ChildrenNoticed& operator=(const ChildrenNoticed&) = delete;

 private:
  struct sigaction found_ {};
};

}  // namespace schemagate
