#include "forecast/type.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "text.hpp"

namespace schemagate {
namespace {

constexpr auto aliases = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"int", "integer"},
    {"int4", "integer"},
    {"int8", "bigint"},
    {"int2", "smallint"},
    {"bool", "boolean"},
    {"float4", "real"},
    {"float8", "double precision"},
    {"float", "double precision"},
    {"decimal", "numeric"},
    {"dec", "numeric"},
    {"varchar", "character varying"},
    {"char varying", "character varying"},
    {"char", "character"},
    {"bpchar", "character"},
    {"varbit", "bit varying"},
    {"timestamp", "timestamp without time zone"},
    {"timestamptz", "timestamp with time zone"},
    {"time", "time without time zone"},
    {"timetz", "time with time zone"},
    {"serial", "integer"},
    {"bigserial", "bigint"},
    {"smallserial", "smallint"},
});

/// `numeric(10,2)`: the name, and what is in parentheses.
struct Parsed {
  std::string name;
  std::vector<int> limits;
};

Parsed parse(const std::string& type) {
  const std::size_t open = type.find('(');
  const std::size_t close = type.find(')');
  if (open == std::string::npos || close == std::string::npos) return {.name = type, .limits = {}};
  Parsed result{.name = type.substr(0, open) + type.substr(close + 1), .limits = {}};
  for (const std::string_view limit : split(std::string_view{type}.substr(open + 1, close - open - 1), ','))
    result.limits.push_back(whole_number(limit).value_or(0));
  return result;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Lower case outside quotes, one blank between words, none around marks.
std::string tidy(const std::string& written) {
  std::string result;
  bool quoted = false;
  for (const char c : written) {
    if (c == '"') quoted = !quoted;
    if (contains("(),[].", c) && result.ends_with(' ')) result.pop_back();
    if (c == ' ' && !result.empty() && contains("(,.", result.back())) continue;
    result += quoted ? c : lower(c);
  }
  return result;
}

bool is_wider(const Parsed& from, const Parsed& to) {
  if (to.limits.empty()) return true;
  if (from.limits.empty()) return false;
  if (from.name != "numeric") return to.limits[0] >= from.limits[0];
  const int scale_from = from.limits.size() > 1 ? from.limits[1] : 0;
  const int scale_to = to.limits.size() > 1 ? to.limits[1] : 0;
  return to.limits[0] >= from.limits[0] && scale_from == scale_to;
}

/// Types with a support function that finds a wider limit needs no work.
bool has_limit(const std::string& name) {
  return name == "character varying" || name == "numeric" || name == "bit varying" || name == "interval" ||
         name.starts_with("timestamp ") || name.starts_with("time ");
}

bool is_text(const std::string& name) { return name == "text" || name == "character varying" || name == "citext"; }

/// pg_cast.castmethod = 'b'.
bool coercible(const Parsed& from, const Parsed& to) {
  if (is_text(from.name) && is_text(to.name)) return to.limits.empty() || (from.name == to.name && is_wider(from, to));
  const auto pair = std::pair<std::string_view, std::string_view>{from.name, to.name};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> binary{
      {{"cidr", "inet"}, {"xml", "text"}, {"integer", "oid"}, {"bit", "bit varying"}}};
  return to.limits.empty() && std::ranges::find(binary, pair) != binary.end();
}

bool only_zone(const Parsed& from, const Parsed& to) {
  const auto is = [](const Parsed& type) {
    return type.limits.empty() && type.name.starts_with("timestamp ") && type.name.ends_with(" time zone");
  };
  return is(from) && is(to);
}

}  // namespace

std::string canonical_type(const std::string& written) {
  Parsed type = parse(tidy(written));
  std::string array;
  while (type.name.ends_with("[]")) {
    type.name.resize(type.name.size() - 2);
    array += "[]";
  }
  while (type.name.ends_with(' ')) type.name.pop_back();
  const auto* alias = std::ranges::find(aliases, type.name, &std::pair<std::string_view, std::string_view>::first);
  if (alias != aliases.end()) type.name = alias->second;
  if (type.name == "character" && type.limits.empty()) type.limits = {1};
  if (type.name == "numeric" && type.limits.size() == 1) type.limits.push_back(0);
  std::vector<std::string> limits;
  for (const int limit : type.limits) limits.push_back(std::to_string(limit));
  if (limits.empty()) return type.name + array;
  const std::string in = "(" + join(limits, ",") + ")";
  // timestamp(3) without time zone
  const std::size_t blank = type.name.starts_with("time") ? type.name.find(' ') : std::string::npos;
  if (blank == std::string::npos) return type.name + in + array;
  return type.name.substr(0, blank) + in + type.name.substr(blank) + array;
}

bool reorders(const std::string& from, const std::string& to) {
  const auto group = [](const std::string& type) {
    const std::string name = parse(type).name;
    if (name == "character varying") return std::string{"text"};
    return name == "cidr" ? std::string{"inet"} : name;
  };
  return group(from) != group(to);
}

bool rewrites(const std::string& from, const std::string& to, bool utc) {
  if (from == to) return false;
  const Parsed before = parse(from);
  const Parsed after = parse(to);
  if (before.name == after.name && has_limit(before.name)) return !is_wider(before, after);
  if (only_zone(before, after)) return !utc;
  return !coercible(before, after);
}

}  // namespace schemagate
