#pragma once

#include <string>
#include <string_view>

namespace schemagate {

/// Checks Prisma's migration_lock.toml. Throws Failure 78 naming `file` unless its provider is PostgreSQL.
void require_postgresql(std::string_view toml, const std::string& file);

}  // namespace schemagate
