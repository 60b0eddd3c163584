#include "migrations/removal.hpp"

#include <string>
#include <string_view>

namespace schemagate {
namespace {

constexpr const char* gone = "statements that name it fail";

Claim removed(const std::string& relation, Act act, const char* sqlstate) {
  return {.act = act,
          .relation = relation,
          .lock = LockMode::access_exclusive,
          .harm = {.older = Older::breaks, .sqlstate = sqlstate, .why = gone}};
}

Claims drop_relations(Words& words, Act act, const char* sqlstate) {
  const bool conditional = words.skip_condition();
  const bool cascade = words.ahead("CASCADE");
  Claims claims;
  for (Words& item : words.until({"CASCADE", "RESTRICT"}).items()) {
    claims.push_back(removed(item.name(), act, sqlstate));
    claims.back().conditional = conditional;
    claims.back().cascade = cascade;
  }
  return claims;
}

Claims drop_index(Words& words) {
  const bool concurrent = words.skip({"CONCURRENTLY"});
  Claims claims = drop_relations(words, Act::drop_index, "42P10");
  for (Claim& claim : claims) {
    claim.harm = {};
    claim.waits = concurrent;
    if (concurrent) claim.lock = LockMode::share_update_exclusive;
  }
  return claims;
}

/// Something of a table: trigger, rule, policy.
Claims drop_part(Words& words, const Harm& harm) {
  const bool conditional = words.skip_condition();
  words.skip_past("ON");
  return {{.relation = words.name(), .lock = LockMode::access_exclusive, .harm = harm, .conditional = conditional}};
}

Claims drop_named(Words& words, Act act, const char* sqlstate, std::string_view why) {
  words.skip_condition();
  const bool cascade = words.has("CASCADE");
  Claims claims;
  for (Words& item : words.until({"CASCADE", "RESTRICT"}).items())
    claims.push_back({.act = act,
                      .harm = {.older = Older::breaks, .sqlstate = sqlstate, .why = why},
                      .object = item.name(),
                      .right = "",
                      .cascade = cascade});
  return claims;
}

Claims drop_types(Words& words) {
  Claims claims = drop_named(words, Act::drop_type, "42704", "type: statements that name it fail");
  for (Claim& claim : claims) claim.right = "TYPE";
  return claims;
}

Claims drop_owned() {
  return {{.act = Act::unknown,
           .harm = {.older = Older::breaks, .sqlstate = {}, .why = "what a role owns cannot be told from the text"},
           .right = ""}};
}

/// What is in it is not looked at.
Claims drop_schema(Words& words) {
  Claims claims = drop_named(words, words.has("CASCADE") ? Act::unknown : Act::other, "42P01",
                             "schema: statements that name what was in it fail");
  return claims;
}

/// What belongs to a table.
Claims drop_part(Words& words) {
  if (words.skip({"INDEX"})) return drop_index(words);
  if (words.skip({"TRIGGER"})) return drop_part(words, {Older::risky, "", "writes no longer do what the trigger did"});
  if (words.skip({"RULE"}))
    return drop_part(words, {Older::risky, "", "statements are no longer rewritten by the rule"});
  if (words.skip({"POLICY"}))
    return drop_part(words, {Older::breaks, "42501", "rows that it let through are refused, or hidden"});
  Claim statistics{.right = ""};
  statistics.harm.why = "its table is locked in SHARE UPDATE EXCLUSIVE";
  if (words.skip({"STATISTICS"})) return {statistics};
  // Collations, casts, operators, languages and what else a column may depend on.
  return words.has("CASCADE") ? Claims{{.right = "", .cascade = true}} : Claims{};
}

Claims drop_other(Words& words) {
  if (words.skip({"TYPE"}) || words.skip({"DOMAIN"})) return drop_types(words);
  if (words.skip({"SCHEMA"})) return drop_schema(words);
  if (words.skip({"EXTENSION"}))
    return drop_named(words, Act::other, "42883", "extension: statements that use it fail");
  if (words.skip({"OWNED"})) return drop_owned();
  for (const std::string_view routine : {"FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE"})
    if (words.skip({routine})) return drop_named(words, Act::other, "42883", "function: statements that call it fail");
  return drop_part(words);
}

}  // namespace

Claims removal(Words& words) {
  words.skip({"FOREIGN"});
  words.skip({"MATERIALIZED"});
  for (const std::string_view relation : {"TABLE", "VIEW", "SEQUENCE"})
    if (words.skip({relation})) return drop_relations(words, Act::drop_table, "42P01");
  return drop_other(words);
}

}  // namespace schemagate
