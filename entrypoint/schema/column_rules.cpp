#include "schema/column_rules.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "schema/definition.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

/// `numeric(10,2)[]`: its name without what is in parentheses, and that.
struct Type {
  std::string name;
  std::vector<int> limits;
};

Type parse_type(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.find(')');
  Type type{.name = std::string{text}, .limits = {}};
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return type;
  for (const std::string_view limit : split(text.substr(open + 1, close - open - 1), ','))
    type.limits.push_back(whole_number(limit).value_or(0));
  type.name = std::string{text.substr(0, open)} + std::string{text.substr(close + 1)};
  return type;
}

void drop_array(std::string& name) {
  while (name.ends_with("[]")) name.resize(name.size() - 2);
}

bool is_text(const std::string& name) { return name == "text" || name == "character varying"; }
bool is_limited(const std::string& name) { return is_text(name) || name == "bit varying"; }

Meaning harmless_type() {
  return {Level::harmless, "wider: every value fits; a statement that is already prepared fails once", "0A000"};
}
Meaning driver_type() {
  return {Level::risky, "the server converts, but drivers decode another type; a prepared statement fails once",
          "0A000"};
}
Meaning narrow(const char* sqlstate) { return {Level::breaking, "narrower: values that used to fit fail", sqlstate}; }

/// 0 is without a limit.
Meaning changed_limit(const Type& expected, const Type& live) {
  const int before = expected.limits.empty() ? 0 : expected.limits[0];
  const int after = live.limits.empty() ? 0 : live.limits[0];
  if (after == 0 || (before != 0 && before < after)) return harmless_type();
  return narrow("22001");
}

Meaning changed_numeric(const Type& expected, const Type& live) {
  const bool before = !expected.limits.empty();
  const bool after = !live.limits.empty();
  if (!before && after) return narrow("22003");
  if (before && !after) return {Level::risky, "values are no longer rounded to the scale"};
  const int room_before = expected.limits[0] - expected.limits.back();
  const int room_after = live.limits[0] - live.limits.back();
  if (room_after < room_before) return narrow("22003");
  if (expected.limits.back() == live.limits.back()) return harmless_type();
  return {Level::risky, "values are rounded to another scale", "0A000"};
}

Meaning changed_limits(const Type& expected, const Type& live) {
  if (is_limited(expected.name)) return changed_limit(expected, live);
  if (expected.name == "numeric") return changed_numeric(expected, live);
  if (expected.name == "bit") return {Level::breaking, "values of the old length fail", "22026"};
  if (expected.name != "character") return {Level::risky, "values have another precision", "0A000"};
  if (expected.limits < live.limits) return {Level::risky, "values are padded to another length", "0A000"};
  return narrow("22001");
}

int size_of(const std::string& name) {
  static constexpr std::array<const char*, 4> sizes{"", "smallint", "integer", "bigint"};
  return static_cast<int>(std::ranges::find(sizes, name) - sizes.begin()) % static_cast<int>(sizes.size());
}

/// Pairs that assignment and comparison convert into each other.
bool convertible(const std::string& one, const std::string& other) {
  static const std::array<std::pair<std::string, std::string>, 4> pairs{
      {{"timestamp without time zone", "timestamp with time zone"},
       {"time without time zone", "time with time zone"},
       {"json", "jsonb"},
       {"real", "double precision"}}};
  return std::ranges::any_of(pairs, [&](const auto& pair) {
    return pair == std::pair{one, other} || pair == std::pair{other, one};
  });
}

Meaning other_type(const Type& expected, const Type& live) {
  if (is_text(expected.name) && is_text(live.name)) return changed_limit(expected, live);
  const int before = size_of(expected.name);
  const int after = size_of(live.name);
  if (before != 0 && after != 0) return before < after ? driver_type() : narrow("22003");
  if (convertible(expected.name, live.name)) return driver_type();
  if (is_text(expected.name) && live.name == "character" && !live.limits.empty()) return narrow("22001");
  return {Level::breaking, "another type: comparisons and functions of the old one fail", "42883"};
}

bool filled(const Object& column) {
  return column.property("default") || column.property("identity") || column.property("stored") ||
         column.property("virtual");
}

Meaning unfilled() { return {Level::breaking, "every INSERT that leaves it out fails", "23502"}; }

/// The column's type as a domain, what that is based on as a domain, …
using Domains = std::vector<const Object*>;

Domains domains_of(const Object& column, const Description& objects) {
  Domains result;
  for (const Object* at = &column; at != nullptr;) {
    const auto types = identities(at->property("type").value_or(""));
    at = find(objects, "domain", types.at(0));
    if (at != nullptr) result.push_back(at);
  }
  return result;
}

template <typename Predicate>
bool has(const Domains& domains, Predicate is_key) {
  return std::ranges::any_of(domains, [&](const Object* domain) {
    return std::ranges::any_of(domain->properties, [&](const auto& property) { return is_key(property.first); });
  });
}

Meaning changed_null(const Object& live) {
  if (!live.property("notnull")) return {Level::risky, "the program may read NULL where there was none"};
  if (filled(live)) return {Level::risky, "writing NULL fails", "23502"};
  return {Level::breaking, "NOT NULL without a default: an INSERT that leaves it out, or NULL, fails", "23502"};
}

Meaning changed_default(const Object& expected, const Object& live) {
  if (!expected.property("default")) return {Level::harmless, "a default for what used to be NULL"};
  if (live.property("default")) return {Level::risky, "rows get another default value"};
  if (live.property("notnull")) return unfilled();
  return {Level::risky, "rows that leave it out get NULL instead of the default"};
}

Meaning changed_identity(const Object& expected, const Object& live) {
  const auto after = live.property("identity");
  if (after == "always") return {Level::breaking, "every INSERT that gives it a value fails", "428C9"};
  if (after && expected.property("default"))
    return {Level::risky, "numbered as identity instead of by the default: numbers may collide or run out"};
  if (after) return {Level::harmless, "a value may be given, or left to the database"};
  if (live.property("default")) return {Level::risky, "numbered by a default instead of as identity"};
  if (expected.property("notnull") && live.property("notnull")) return unfilled();
  return {Level::breaking, "no longer numbered: rows that leave it out get NULL"};
}

Meaning changed_generated(const Object& expected, const Object& live) {
  const bool before = expected.property("stored") || expected.property("virtual");
  const bool after = live.property("stored") || live.property("virtual");
  if (!before) return {Level::breaking, "generated now: writing to it fails", "428C9"};
  if (!after) return {Level::breaking, "no longer generated: nobody fills it"};
  if (expected.property("stored").value_or("") == live.property("virtual").value_or("") ||
      expected.property("virtual").value_or("") == live.property("stored").value_or(""))
    return {Level::harmless, "the same value, computed at another time"};
  return {Level::risky, "generated by another expression"};
}

}  // namespace

Meaning changed_type(std::string_view expected, std::string_view live) {
  Type before = parse_type(expected);
  Type after = parse_type(live);
  if (before.name == after.name) {
    drop_array(before.name);
    return changed_limits(before, after);
  }
  if (before.name.ends_with("[]") && after.name.ends_with("[]")) {
    drop_array(before.name);
    drop_array(after.name);
  }
  return other_type(before, after);
}

Meaning extra_column(const Object& live, const Sides& sides) {
  const Domains domains = domains_of(live, sides.live);
  const bool needed = live.property("notnull") || has(domains, [](const auto& key) { return key == "notnull"; });
  const bool given = filled(live) || has(domains, [](const auto& key) { return key == "default"; });
  if (needed && !given) return unfilled();
  if (has(domains, [](const auto& key) { return key.starts_with("check "); }))
    return {Level::risky, "its domain may refuse the value of rows that leave it out", "23514"};
  return {Level::harmless, "statements that name their columns work; one prepared with SELECT * fails once", "0A000"};
}

Meaning changed_column(const Object& expected, const Object& live, std::string_view property) {
  if (property == "type")
    return changed_type(expected.property("type").value_or(""), live.property("type").value_or(""));
  if (property == "notnull") return changed_null(live);
  if (property == "default") return changed_default(expected, live);
  if (property == "identity") return changed_identity(expected, live);
  if (property == "stored" || property == "virtual") return changed_generated(expected, live);
  if (property == "collate") return {Level::risky, "another order, and other values may count as equal"};
  if (property == "fdwoptions") return {Level::risky, "the foreign column it stands for may be another one"};
  return {Level::harmless, "a matter of storage"};
}

Meaning changed_domain(const Object& expected, const Object& live, std::string_view property) {
  if (property.starts_with("check ")) {
    if (!live.property(property)) return {Level::harmless, "fewer values are refused"};
    return {Level::risky, "values that used to pass may be refused", "23514"};
  }
  return changed_column(expected, live, property);
}

}  // namespace schemagate
