#pragma once

#include <string>

namespace schemagate {

/// Whether Prisma since 6.6 (JavaScript's localeCompare) puts `a` and `b`, sorted by bytes, the other way round. Exact
/// for ASCII names, cautious for others.
[[nodiscard]] bool ordered_otherwise(const std::string& a, const std::string& b);

}  // namespace schemagate
