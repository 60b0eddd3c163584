#pragma once

#include <string>

namespace schemagate {

/// True when two texts that PostgreSQL deparsed mean the same although they are spelled differently: nested or flat AND
/// and OR lists and an array's cast before or after its elements (both change once by dump and restore), and in a view
/// the name of its only relation before its columns (which 14 and 15 print and 16 does not). Blanks between tokens do
/// not count. What cannot be read as tokens is the same only when it is equal.
[[nodiscard]] bool same_sql(const std::string& kind, const std::string& left, const std::string& right);

}  // namespace schemagate
