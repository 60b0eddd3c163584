#pragma once

#include <string>

#include "database/resolver.hpp"
#include "wait.hpp"

namespace schemagate {

/// Asked anew at every call: a failover changes a name's address. Resolving heeds neither a time limit nor a signal
/// that is held, so a thread waits for it; one that has no answer by `end` is left behind. Throws Stopped and
/// DeadlinePassed.
[[nodiscard]] Lookup look_up(const std::string& host, const Wait& wait, Clock::time_point end);

}  // namespace schemagate
