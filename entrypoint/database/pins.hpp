#pragma once

#include <cstddef>
#include <string>

namespace schemagate {

/// SET LOCAL statements for the head of a message of ours: names, operators and casts mean PostgreSQL's own, we are the
/// role that the connection began with, and a policy that would hide rows is an error instead (42501), unless
/// `policies` says that they are known to hide none. They end with the transaction, so that nothing outlives it in a
/// pooler's session. None of them takes a snapshot: BEGIN ISOLATION LEVEL may follow.
///
/// Without them `oid = regclass` or `int || text` may find an operator that any role with CREATE on a schema of the
/// path has made (PostgreSQL documentation, "Operator Type Resolution"; CVE-2018-1058).
[[nodiscard]] std::string meaning_pins(bool policies);

/// The same with limits of time for a statement that is wholly ours, whatever role or database have set.
[[nodiscard]] std::string pins(bool policies);

/// How many statements pins() has.
[[nodiscard]] std::size_t count_of_pins();

}  // namespace schemagate
