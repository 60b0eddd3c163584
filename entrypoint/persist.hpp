#pragma once

#include "failure.hpp"
#include "gate.hpp"

namespace schemagate {

/// Sessions that were lost, of which each is begun again.
class Losses {
 public:
  /// In a handler: throws again what connecting again does not help. A script may bring its own backend down each time,
  /// so without progress in between there are three tries.
  void bear(const Gate& gate, const Failure& failure, const char* state = untouched) {
    if (!failure.report().lost || ++count_ == 3) rethrow(failure, state);
    happened_ = true;
    gate.signals.let_go();
    gate.log.warn("connection_lost", failure.report().what + "; connecting again");
  }
  void forget() { count_ = 0; }
  [[nodiscard]] bool happened() const { return happened_; }

 private:
  /// Who refuses on a later session does not know what was done on those before.
  [[noreturn]] void rethrow(const Failure& failure, const char* state) const {
    Report report = failure.report();
    if (!happened_ || report.state != untouched || state == untouched) throw;
    report.state = state;
    throw Failure{report};
  }

  bool happened_ = false;
  int count_ = 0;
};

/// What only looks is done anew on another session when its own is lost.
template <typename Step>
auto persist(const Gate& gate, const Step& step) {
  for (Losses losses;;) try {
      Connection connection = open(gate);
      return step(connection);
    } catch (const Failure& failure) {
      losses.bear(gate, failure);
    }
}

}  // namespace schemagate
