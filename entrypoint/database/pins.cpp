#include "database/pins.hpp"

#include <algorithm>
#include <string_view>

namespace schemagate {
namespace {

// pg_temp is named, because else it would be searched first for tables and types. The role comes after the session's
// user, whose change resets it. Compiling a plan (jit) would cost more than the small queries of ours.
//
// The message is read as a whole before its first statement runs, so standard_conforming_strings does not reach its own
// literals: one with a backslash is E''. It is for what the server deparses.
constexpr std::string_view meaning =
    "SET LOCAL SESSION AUTHORIZATION DEFAULT;SET LOCAL role TO DEFAULT;SET LOCAL search_path = pg_catalog, pg_temp;"
    "SET LOCAL jit = off;SET LOCAL datestyle = 'ISO, MDY';SET LOCAL standard_conforming_strings = on;";
constexpr std::string_view hidden_rows_fail = "SET LOCAL row_security = off;";
constexpr std::string_view policies_hold = "SET LOCAL row_security = on;";
constexpr std::string_view limits = "SET LOCAL statement_timeout = '5min';SET LOCAL lock_timeout = '10s';";

}  // namespace

std::string meaning_pins(bool policies) {
  return std::string{meaning} + std::string{policies ? policies_hold : hidden_rows_fail};
}

std::string pins(bool policies) { return meaning_pins(policies) + std::string{limits}; }

std::size_t count_of_pins() {
  static const std::string text = pins(false);
  return static_cast<std::size_t>(std::ranges::count(text, ';'));
}

}  // namespace schemagate
