#pragma once

#include <string>
#include <vector>

#include "schema/object.hpp"

namespace schemagate {

/// What a difference means for a program that was written for the expected schema.
enum class Level { breaking, risky, harmless };
enum class Change { missing, extra, changed };

/// One difference between the schema that is expected and the live one.
struct Finding {
  Level level = Level::risky;
  Change change = Change::changed;
  std::string kind;
  std::string identity;
  std::string property;  ///< that changed: `type`; empty when the whole object is missing or extra
  std::string expected;  ///< its value, or the whole object's properties; empty when it is not there
  std::string found;
  std::string reason;    ///< why this level, in a line
  std::string sqlstate;  ///< what the program's statements would meet; empty when none

  friend bool operator==(const Finding&, const Finding&) = default;
};

struct Comparison {
  int expected_major = 0;  ///< of the server that made the snapshot
  int live_major = 0;
  std::vector<std::string> ignore;  ///< shell patterns over identities; what is inside a match is ignored too
};

/// Pure. Breaking first, then risky, then by kind and identity. What is inside a missing or extra table is told by the
/// table alone, and a constraint's index by the constraint.
[[nodiscard]] std::vector<Finding> compare(Description expected, Description live, const Comparison& comparison);

/// `breaking`, `risky`, `harmless`; `missing`, `extra`, `changed`.
[[nodiscard]] const char* name(Level level);
[[nodiscard]] const char* name(Change change);

}  // namespace schemagate
