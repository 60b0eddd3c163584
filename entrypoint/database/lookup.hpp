#pragma once

#include <string>
#include <vector>

#include "wait.hpp"

namespace schemagate {

/// What a host name stands for.
struct Lookup {
  std::vector<std::string> addresses;  ///< numeric, in the resolver's order
  std::string error;                   ///< in the resolver's words; empty when there are addresses
};

/// Asked anew at every call: a failover changes a name's address. getaddrinfo() heeds neither a time limit nor a signal
/// that is held, so a thread waits for it; one that has no answer by `end` is left behind. Throws Stopped and
/// DeadlinePassed.
[[nodiscard]] Lookup look_up(const std::string& host, const Wait& wait, Clock::time_point end);

}  // namespace schemagate
