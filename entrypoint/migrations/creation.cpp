#include "migrations/creation.hpp"

#include <string>
#include <utility>

#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

struct Prefix {
  bool replace = false;
  bool temporary = false;
};

Claim created(const std::string& relation) { return {.act = Act::create, .relation = relation, .right = "CREATE"}; }

Claim locks(const std::string& relation, LockMode lock, Work work = Work::catalog) {
  return {.relation = relation, .lock = lock, .work = work};
}

Harm risky(std::string_view sqlstate, std::string_view why) {
  return {.older = Older::risky, .sqlstate = sqlstate, .why = why};
}

Claim referenced(const std::string& relation) {
  Claim claim = locks(relation, LockMode::share_row_exclusive);
  claim.right = "REFERENCES";
  claim.harm = risky("23503", "its rows that the new table refers to cannot be deleted");
  return claim;
}

/// The tables that a list of columns and constraints refers to.
void add_referenced(std::vector<Words> elements, Claims& claims) {
  for (Words& element : elements)
    for (element.skip_past("REFERENCES"); !element.ended(); element.skip_past("REFERENCES"))
      claims.push_back(referenced(element.name()));
}

/// heap_create's caller DefineRelation locks a partition's parent in ACCESS EXCLUSIVE
/// (src/backend/commands/tablecmds.c).
void add_parents(Words& words, Claims& claims) {
  for (; !words.ended(); words.next()) {
    if (words.skip({"PARTITION", "OF"})) {
      claims.push_back(locks(words.name(), LockMode::access_exclusive, Work::scan));
      claims.back().act = Act::partition;
      add_referenced(words.group(), claims);
    }
    if (!words.skip({"INHERITS"})) continue;
    for (Words& parent : words.group()) {
      claims.push_back(locks(parent.name(), LockMode::share_update_exclusive));
      claims.back().only = true;
    }
  }
}

Claims create_table(Words& words) {
  const bool conditional = words.skip_condition();
  Claims claims{created(words.name())};
  claims[0].conditional = conditional;
  Words tail = words;
  add_referenced(words.group(), claims);
  add_parents(tail, claims);
  return claims;
}

/// The columns that ON CONFLICT finds it by; none where expressions or a condition are among them.
std::vector<std::string> indexed(Words words) {
  if (words.ahead("WHERE")) return {};
  if (words.skip({"USING"})) words.next();
  std::vector<std::string> columns;
  for (Words& item : words.group()) {
    columns.push_back(folded(item.name()));
    if (columns.back().empty() || item.peek() == "(") return {};
  }
  return columns;
}

Claims create_index(Words& words, bool unique) {
  const bool concurrent = words.skip({"CONCURRENTLY"});
  const bool conditional = words.skip_condition();
  const std::string index = words.name();
  words.skip({"ON"});
  Claim build = locks("", concurrent ? LockMode::share_update_exclusive : LockMode::share, Work::scan);
  build.only = words.peek() == "ONLY";
  build.relation = words.relation();
  build.waits = concurrent;
  if (unique) {
    build.harm = risky("23505", "writes that repeat a value are refused");
    build.act = Act::add_key;
    build.names = indexed(words);
    build.type = folded(index);
  }
  Claims claims{build};
  if (index.empty()) return claims;
  // An index lives in its table's schema.
  const std::size_t dot = build.relation.rfind('.');
  claims.push_back(created(dot == std::string::npos ? index : build.relation.substr(0, dot + 1) + index));
  claims[1].conditional = conditional;
  claims[1].right = "";
  return claims;
}

Claims create_view(Words& words, bool replace) {
  const bool conditional = words.skip_condition();
  Claims claims{created(words.name())};
  claims[0].conditional = conditional;
  if (!replace) return claims;
  claims[0].act = Act::replace;
  claims.push_back(locks(claims[0].relation, LockMode::access_exclusive));
  claims[1].conditional = true;
  return claims;
}

Claims create_sequence(Words& words) {
  const bool conditional = words.skip_condition();
  Claims claims{created(words.name())};
  claims[0].conditional = conditional;
  return claims;
}

Claims create_trigger(Words& words) {
  words.skip_past("ON");
  Claim claim = locks(words.name(), LockMode::share_row_exclusive);
  claim.right = "TRIGGER";
  claim.harm = risky("", "writes also do what the trigger does");
  return {claim};
}

Claims create_rule(Words& words) {
  words.skip_past("TO");
  Claim claim = locks(words.name(), LockMode::access_exclusive);
  claim.harm = risky("", "statements are rewritten by the rule");
  return {claim};
}

Claims create_policy(Words& words) {
  words.skip_past("ON");
  Claim claim = locks(words.name(), LockMode::access_exclusive);
  claim.harm = risky("42501", "where row security is on, other rows are visible and writable than before");
  return {claim};
}

Claims create_statistics(Words& words) {
  words.skip_past("FROM");
  Claims claims;
  for (Words& item : words.items()) claims.push_back(locks(item.relation(), LockMode::share_update_exclusive));
  return claims;
}

Claims create_extension(Words& words) {
  Claim claim{.act = Act::extension, .right = ""};
  claim.conditional = words.skip_condition();
  claim.object = folded(words.name());
  claim.cascade = words.has("CASCADE");
  return {claim};
}

/// Also IF NOT EXISTS asks for the right first (src/backend/commands/schemacmds.c).
Claims create_schema(Words& words) {
  words.skip_condition();
  return {{.act = Act::create_schema, .right = ""}};
}

Claims create_type(Words& words) { return {{.act = Act::create_type, .object = words.name(), .right = ""}}; }

Claims create_domain(Words& words) {
  Claim claim{.act = Act::create_type, .object = words.name(), .right = ""};
  words.skip({"AS"});
  claim.type = words.until({"COLLATE", "CONSTRAINT", "DEFAULT", "NOT", "NULL", "CHECK"}).text();
  claim.not_null = words.ahead("CHECK") || words.ahead("NOT");
  words.skip_past("DEFAULT");
  claim.names = words.until({"CONSTRAINT", "NOT", "NULL", "CHECK"}).calls();
  return {claim};
}

Claims create_function(Words& words, bool replace) {
  if (!replace) return {};
  return {
      {.harm = risky("", "if it is there, it does something else from now on"), .object = words.name(), .right = ""}};
}

Claims create_publication(Words& words) {
  words.skip_past("FOR");
  if (!words.skip({"TABLE"})) return {};
  Claims claims;
  for (Words& item : words.until({"WITH"}).items())
    claims.push_back(locks(item.relation(), LockMode::share_update_exclusive));
  return claims;
}

Prefix prefix(Words& words) {
  Prefix prefix;
  prefix.replace = words.skip({"OR", "REPLACE"});
  if (!words.skip({"GLOBAL"})) words.skip({"LOCAL"});
  prefix.temporary = words.skip({"TEMPORARY"}) || words.skip({"TEMP"});
  for (const std::string_view word : {"UNLOGGED", "RECURSIVE", "TRUSTED", "PROCEDURAL"}) words.skip({word});
  return prefix;
}

/// CREATE SCHEMA may have statements of its own, which make new things.
Claims create_other(Words& words, const Prefix& prefix) {
  if (words.skip({"FUNCTION"}) || words.skip({"PROCEDURE"}) || words.skip({"AGGREGATE"}))
    return create_function(words, prefix.replace);
  if (words.skip({"TYPE"})) return create_type(words);
  if (words.skip({"DOMAIN"})) return create_domain(words);
  if (words.skip({"EXTENSION"})) return create_extension(words);
  if (words.skip({"SCHEMA"})) return create_schema(words);
  if (words.skip({"POLICY"})) return create_policy(words);
  if (words.skip({"RULE"})) return create_rule(words);
  if (words.skip({"STATISTICS"})) return create_statistics(words);
  return words.skip({"PUBLICATION"}) ? create_publication(words) : Claims{};
}

}  // namespace

Claims creation(Words& words) {
  const Prefix before = prefix(words);
  if (words.skip({"FOREIGN", "TABLE"}) || words.skip({"TABLE"})) return create_table(words);
  if (words.skip({"INDEX"})) return create_index(words, false);
  if (words.skip({"UNIQUE", "INDEX"})) return create_index(words, true);
  if (words.skip({"VIEW"})) return create_view(words, before.replace);
  if (words.skip({"MATERIALIZED", "VIEW"})) return create_view(words, false);
  if (words.skip({"SEQUENCE"})) return create_sequence(words);
  if (words.skip({"TRIGGER"}) || words.skip({"CONSTRAINT", "TRIGGER"})) return create_trigger(words);
  return create_other(words, before);
}

}  // namespace schemagate
