#pragma once

#include <string_view>

namespace schemagate {

/// Whether a statement says how long to wait for locks: SET lock_timeout, set_config('lock_timeout', …), and either in
/// the body of a DO. Neither a comment, nor what is only defined (ALTER ROLE … SET, CREATE FUNCTION … SET).
[[nodiscard]] bool sets_lock_timeout(std::string_view statement);

}  // namespace schemagate
