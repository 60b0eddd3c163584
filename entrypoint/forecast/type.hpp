#pragma once

#include <string>

namespace schemagate {

/// A type as written, as format_type() prints it: `character varying(20)` of `VARCHAR ( 20 )`.
[[nodiscard]] std::string canonical_type(const std::string& written);

/// Whether ALTER COLUMN … TYPE writes the rows anew: ATColumnChangeRequiresRewrite (src/backend/commands/tablecmds.c).
/// Both as format_type() prints them; what is not known here does. `utc`: the session's time zone has no offset.
[[nodiscard]] bool rewrites(const std::string& from, const std::string& to, bool utc);

/// Whether its values sort otherwise, so that its indexes are built anew: another operator class (CheckIndexCompatible
/// in src/backend/commands/indexcmds.c).
[[nodiscard]] bool reorders(const std::string& from, const std::string& to);

}  // namespace schemagate
