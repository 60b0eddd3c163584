#pragma once

#include <string_view>

namespace schemagate {

/// Of a constraint that is checked at the end of the transaction: it counts where rows are written.
inline constexpr std::string_view initially_deferred = "INITIALLY DEFERRED";

/// What in a statement counts for the rest of its transaction, or needs what came before it there, and so means
/// something else where the script is taken apart: `SET LOCAL`, `SAVEPOINT`, a cursor without HOLD … As the operator
/// would name it; empty for what may stand in a transaction of its own. Also in the body of a DO.
[[nodiscard]] std::string_view transaction_bound(std::string_view statement);

}  // namespace schemagate
