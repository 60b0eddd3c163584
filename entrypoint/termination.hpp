#pragma once

#include <string>

#include "failure.hpp"

namespace schemagate {

/// Leaves the refusal where Kubernetes looks for a container's last words and shows them in the pod's status: the file
/// is there when it does, and holds 4096 bytes. `file` may be `none`. Whatever goes wrong changes nothing.
void leave_message(const std::string& file, const Report& report);

/// The report in at most that many bytes; what is left out is the end of what was found, not what to do next.
[[nodiscard]] std::string message_of(const Report& report);

}  // namespace schemagate
