#pragma once

#include <string>

namespace support {

/// The last lines of a refusal whose rows the history did not keep.
inline std::string writers_advice(const std::string& schema = "public") {
  const std::string table = "\"" + schema + R"("."_prisma_migrations")";
  return "         look at what writes to that table besides, its triggers and rules:\n"
         "           SELECT tgname, tgfoid::regprocedure FROM pg_trigger WHERE tgrelid = '" +
         table +
         "'::regclass::oid AND NOT tgisinternal;\n"
         "           SELECT rulename FROM pg_rewrite WHERE ev_class = '" +
         table + "'::regclass::oid;\n";
}

}  // namespace support
