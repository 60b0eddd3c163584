#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gate.hpp"
#include "schema/catalog.hpp"
#include "schema/compare.hpp"

namespace schemagate {

/// What the gate's first question also asks for: the fingerprint, where there is a snapshot to verify.
[[nodiscard]] std::string fingerprint_statement(const Gate& gate);

/// What makes verifying pointless, and is asked before anything is applied: throws Failure 78 when the image lost its
/// snapshot and this database was verified with one, or when it was made in another schema than the URL's.
void require_fit(const Gate& gate, const View& view, const char* state);

/// The live schema against the snapshot, after the history was found right. Believes the mark of an earlier start when
/// nothing has changed since, else reads the catalogs, and leaves a mark where it may. Throws Failure 76 (drift, with
/// the difference), 78 (the image has no snapshot, and this database was verified with one).
void verify_schema(const Gate& gate, Connection& connection, const View& view, const char* state);

/// The catalogs within `schemas`, asking again for as long as --wait while a lock keeps them from being read.
[[nodiscard]] std::variant<Live, Unreadable> read_live(const Gate& gate, Connection& connection,
                                                       const std::vector<std::string>& schemas, Known known = {});

/// As the gate's settings say; `version` is the live server's.
[[nodiscard]] std::vector<Finding> differences(const Gate& gate, Snapshot expected, Description live, int version);

}  // namespace schemagate
