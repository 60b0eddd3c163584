#pragma once

#include "database/connection.hpp"

namespace schemagate {

/// A signal or the deadline must not come between a script and what the history says of it. Not for ever: a server that
/// does not answer a statement of ours is lost.
class Undisturbed {
 public:
  explicit Undisturbed(Connection& connection) : connection_{connection}, before_{connection.wait()} {
    connection_.heed(Wait{-1, Clock::now() + std::chrono::seconds{10}});
  }
  ~Undisturbed() { connection_.heed(before_); }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  Connection& connection_;
  Wait before_;
};

}  // namespace schemagate
