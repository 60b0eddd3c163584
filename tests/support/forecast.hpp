#pragma once

#include <string>
#include <vector>

#include "forecast/forecast.hpp"

namespace schemagate {

using Lines = std::vector<std::string>;

/// A database of four relations, as a role sees it that owns three of them.
inline Facts facts() {
  Facts result{.version = 170002, .role = "app", .superuser = false, .may_create = true};
  result.time_zone = "UTC";
  result.path = {"pg_catalog", "public"};
  result.schemas = {{"public", true}, {"closed", false}};
  result.functions = {{"now", 's'}, {"random", 'v'}, {"count", 'i'}};
  result.own_functions = {"now", "random", "count"};
  Relation users{.oid = 1, .schema = "public", .name = "users", .rights = {"OWNER"}};
  users.columns = {{"id", {"integer", true, true}},
                   {"email", {"character varying(20)", false, false}},
                   {"mood", {"mood", true, false}}};
  users.constraints = {{.name = "users_pkey", .kind = 'p', .columns = {"id"}}};
  Relation orders{.oid = 2, .schema = "public", .name = "orders", .rights = {"OWNER"}};
  orders.columns = {{"user_id", {"integer", false, false}}};
  orders.constraints = {
      {.name = "orders_user", .kind = 'f', .columns = {"user_id"}, .other = 1, .other_columns = {"id"}}};
  Relation index{.oid = 3, .schema = "public", .name = "users_email", .kind = 'i', .unique = true, .table = 1};
  Relation other{.oid = 4, .schema = "public", .name = "other", .rights = {"INSERT"}};
  result.relations = {{1, users}, {2, orders}, {3, index}, {4, other}};
  return result;
}

inline Forecast forecast(const std::vector<std::string>& scripts, const Facts& live = facts()) {
  std::vector<Ahead> pending;
  pending.reserve(scripts.size());
  for (const std::string& script : scripts)
    pending.push_back({.name = std::to_string(pending.size() + 1), .script = script});
  return make_forecast(pending, live);
}

inline Lines notices(const Forecast& forecast) {
  std::vector<std::string> lines;
  for (const Course& course : forecast.courses)
    for (const Step& step : course.steps)
      for (const Notice& notice : step.notices)
        lines.push_back((notice.older == Older::breaks ? "breaks " : "risky ") + notice.object + " " + notice.sqlstate);
  return lines;
}

}  // namespace schemagate
