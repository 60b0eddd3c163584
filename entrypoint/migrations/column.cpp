#include "migrations/column.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

Claim all(const Harm& harm = {}, Work work = Work::catalog) {
  return {.lock = LockMode::access_exclusive, .work = work, .harm = harm};
}

Harm risky(std::string_view sqlstate, std::string_view why) { return {Older::risky, sqlstate, why}; }
Harm breaks(std::string_view sqlstate, std::string_view why) { return {Older::breaks, sqlstate, why}; }

Claim acting(Act act, const Harm& harm) {
  Claim claim = all(harm);
  claim.act = act;
  return claim;
}

constexpr const char* refused = "writes that used to pass are refused";

Claim weak(Claim claim) {
  claim.lock = LockMode::share_update_exclusive;
  return claim;
}

/// Both sides: CREATE TRIGGER's mode on each, for the triggers that check the key.
Claims reference(Words& words, Work work) {
  Claim own{.lock = LockMode::share_row_exclusive, .work = work, .harm = risky("23503", refused)};
  Claim other{.relation = words.name(),
              .lock = LockMode::share_row_exclusive,
              .work = work,
              .harm = risky("23503", "its rows that are referred to cannot be deleted"),
              .right = "REFERENCES"};
  return {own, other};
}

Claims foreign_key(Words& words, Work work) {
  words.skip_past("REFERENCES");
  return reference(words, work);
}

Claims not_null(Words& words, bool valid) {
  Claim claim =
      all(breaks("23502", "statements that leave it out, or write NULL, fail"), valid ? Work::scan : Work::catalog);
  claim.act = Act::set_not_null;
  claim.object = folded(words.name());
  return {claim};
}

/// PRIMARY KEY or UNIQUE.
Claim key(Words words) {
  const bool ready = words.ahead("USING") && words.ahead("INDEX") && !words.has("TABLESPACE");
  Claim claim = all(risky("23505", refused), ready ? Work::catalog : Work::scan);
  claim.act = Act::add_key;
  while (!words.ended() && words.peek() != "(" && !words.skip({"USING", "INDEX"})) words.next();
  if (words.peek() != "(") claim.type = folded(words.name());
  for (Words& item : words.group()) claim.names.push_back(folded(item.name()));
  return claim;
}

/// Behind ADD [CONSTRAINT name].
Claims constraint(Words& words) {
  // NOT ENFORCED is of PostgreSQL 18.
  const bool valid = !words.ahead("VALID") && words.text().find("ENFORCED") == std::string::npos;
  const Work work = valid ? Work::scan : Work::catalog;
  if (words.skip({"NOT", "NULL"})) return not_null(words, valid);
  if (words.skip({"CHECK"})) return {all(risky("23514", refused), work)};
  if (words.skip({"FOREIGN"})) return foreign_key(words, work);
  if (words.skip({"EXCLUDE"})) return {all(risky("23P01", refused), Work::scan)};
  return {key(words)};
}

bool is_constraint(const Words& words) {
  static constexpr std::array<std::string_view, 6> first{"CONSTRAINT", "CHECK",   "UNIQUE",
                                                         "PRIMARY",    "EXCLUDE", "FOREIGN"};
  return std::ranges::find(first, words.peek()) != first.end();
}

/// pseudo-types of the parser: integer, NOT NULL, a sequence's nextval() as default.
bool is_serial(std::string type) {
  type = capitals(type);
  return type == "SERIAL" || type == "BIGSERIAL" || type == "SMALLSERIAL" || type == "SERIAL2" || type == "SERIAL4" ||
         type == "SERIAL8";
}

/// Up to the next clause of a column's definition.
Words before_clause(Words& words) {
  return words.until({"CONSTRAINT", "NOT", "NULL", "DEFAULT", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "GENERATED",
                      "COLLATE", "STORAGE", "COMPRESSION", "OPTIONS"});
}

void strengthen(Claim& claim, Work work) { claim.work = std::max(claim.work, work); }

void generated(Words& words, Claim& claim) {
  claim.filled = true;
  words.skip_past("AS");
  if (words.skip({"IDENTITY"})) {
    claim.not_null = true;
    return strengthen(claim, Work::rewrite);
  }
  words.group();
  if (words.skip({"STORED"})) strengthen(claim, Work::rewrite);
}

void defaulted(Words& words, Claim& claim) {
  const Words value = before_clause(words);
  claim.names = value.calls();
  claim.filled = !value.text().empty();
}

/// One clause of a column's definition; the claim on a table that it refers to.
Claims clause(Words& words, Claim& claim) {
  if (words.skip({"NOT", "NULL"}))
    claim.not_null = true;
  else if (words.skip({"DEFAULT"}))
    defaulted(words, claim);
  else if (words.skip({"GENERATED"}))
    generated(words, claim);
  else if (words.skip({"CHECK"}) || words.skip({"UNIQUE"}) || words.skip({"PRIMARY"}))
    strengthen(claim, Work::scan);
  else if (words.skip({"REFERENCES"}))
    return reference(words, Work::catalog);
  else
    words.next();
  return {};
}

/// transformColumnDefinition lets a key of a column without default skip its check (parse_utilcmd.c); ATExecAddColumn
/// reads the rows for NOT NULL only where no default is there to fill them (tablecmds.c).
Claims column(Words& words) {
  words.skip({"COLUMN"});
  Claim claim = all();
  claim.act = Act::add_column;
  claim.if_column = words.skip_condition();
  claim.object = folded(words.name());
  claim.type = before_clause(words).text();
  const bool serial = is_serial(claim.type);
  if (serial) claim.work = Work::rewrite;
  claim.not_null = claim.filled = serial;
  Claims claims;
  const bool primary = words.ahead("PRIMARY");
  while (!words.ended()) {
    const Claims more = clause(words, claim);
    claims.insert(claims.end(), more.begin(), more.end());
  }
  claim.not_null = claim.not_null || primary;
  for (Claim& other : claims) {
    other.harm = other.relation.empty() ? Harm{} : other.harm;
    if (claim.filled) other.work = Work::scan;
  }
  if (claim.not_null && !claim.filled) {
    strengthen(claim, Work::scan);
    claim.harm = breaks("23502", "every INSERT that leaves it out fails");
  }
  claims.insert(claims.begin(), claim);
  return claims;
}

Claim retyped(Words& words) {
  Claim claim = all({}, Work::rewrite);
  claim.act = Act::column_type;
  claim.type = words.until({"USING", "COLLATE"}).text();
  if (words.skip({"COLLATE"})) claim.collation = parts(words.name()).second;
  if (claim.collation == "default") claim.collation.clear();
  words.skip_past("USING");
  claim.names = {words.text()};
  return claim;
}

/// Behind ALTER COLUMN x SET.
Claims set(Words& words) {
  Claim claim = all();
  if (words.skip({"DATA", "TYPE"})) return {retyped(words)};
  if (words.skip({"NOT", "NULL"})) {
    Words none = words;
    return not_null(none, true);
  }
  if (words.skip({"DEFAULT"})) {
    claim.act = words.peek() == "NULL" ? Act::drop_default : Act::set_default;
    claim.harm = risky("", "rows that leave it out get another value");
    return {claim};
  }
  if (words.skip({"STATISTICS"}) || words.peek() == "(") return {weak(claim)};
  if (words.skip_word("EXPRESSION")) return {all(risky("", "it has other values"), Work::rewrite)};
  if (words.skip({"GENERATED", "ALWAYS"})) claim.harm = breaks("428C9", "statements that write it fail");
  return {claim};
}

Claims drop(Words& words) {
  if (words.skip({"NOT"})) return {acting(Act::drop_not_null, risky("", "readers may meet NULL"))};
  if (words.skip({"IDENTITY"}))
    return {acting(Act::drop_default, breaks("23502", "rows that leave it out get no value"))};
  if (words.skip_word("EXPRESSION")) return {all(breaks("", "rows that leave it out get NULL instead of its value"))};
  return {acting(Act::drop_default, risky("", "rows that leave it out get NULL"))};
}

Claims changes(Words& words) {
  if (words.skip({"TYPE"})) return {retyped(words)};
  if (words.skip({"SET"})) return set(words);
  if (words.skip({"DROP"})) return drop(words);
  if (words.skip({"RESET"})) return {weak(all())};
  if (words.skip({"ADD", "GENERATED", "ALWAYS"}))
    return {acting(Act::set_default, breaks("428C9", "statements that write it fail"))};
  if (words.skip({"ADD", "GENERATED"})) return {acting(Act::set_default, {})};
  return {all()};
}

}  // namespace

Claims added(Words& words) {
  if (words.skip({"CONSTRAINT"})) {
    const std::string name = folded(words.name());
    Claims claims = constraint(words);
    if (claims[0].object.empty()) claims[0].object = name;
    return claims;
  }
  Words ahead = words;
  return is_constraint(words) || ahead.skip({"NOT", "NULL"}) ? constraint(words) : column(words);
}

Claims altered(Words& words) {
  if (words.skip({"CONSTRAINT"}))
    return {all(risky("23503", "the constraint is checked in another way, or at another time"))};
  words.skip({"COLUMN"});
  const std::string column = folded(words.name());
  Claims claims = changes(words);
  for (Claim& claim : claims) claim.object = column;
  return claims;
}

}  // namespace schemagate
