#include "migrations/alteration.hpp"

#include <algorithm>
#include <string>

#include "migrations/column.hpp"
#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

constexpr const char* gone = "statements that name it fail";

Claim act(LockMode lock, const Harm& harm = {}, Work work = Work::catalog) {
  return {.lock = lock, .work = work, .harm = harm};
}

Harm risky(std::string_view sqlstate, std::string_view why) { return {Older::risky, sqlstate, why}; }
Harm breaks(std::string_view sqlstate, std::string_view why) { return {Older::breaks, sqlstate, why}; }

Claim all(const Harm& harm = {}, Work work = Work::catalog) { return act(LockMode::access_exclusive, harm, work); }

// Reloptions::lockmode in src/backend/access/common/reloptions.c: these change what a query sees or how it is planned.
bool is_strong(const std::string& option) {
  return option == "USER_CATALOG_TABLE" || option == "SECURITY_BARRIER" || option == "SECURITY_INVOKER" ||
         option == "CHECK_OPTION" || option == "FASTUPDATE" || option == "GIN_PENDING_LIST_LIMIT" ||
         option == "BUFFERING" || option == "PAGES_PER_RANGE" || option == "AUTOSUMMARIZE";
}

Claim options(Words& words) {
  const OptionMap found = words.options();
  const bool strong = std::ranges::any_of(found, [](const auto& option) { return is_strong(option.first); });
  return act(strong ? LockMode::access_exclusive : LockMode::share_update_exclusive);
}

Claim rename(const std::string& to) {
  Claim claim = all(breaks("42P01", "statements that use its old name fail"));
  claim.act = Act::rename_table;
  claim.only = true;
  claim.object = to;
  return claim;
}

/// Behind RENAME.
Claim renamed(Words& words) {
  if (words.skip({"TO"})) return rename(words.name());
  if (words.skip({"CONSTRAINT"})) {
    Claim claim = all(risky("42704", "ON CONFLICT ON CONSTRAINT, and programs that know its name, no longer find it"));
    claim.object = folded(words.name());
    return claim;
  }
  words.skip({"COLUMN"});
  Claim claim = all(breaks("42703", gone));
  claim.act = Act::rename_column;
  claim.object = folded(words.name());
  words.skip({"TO"});
  claim.names = {folded(words.name())};
  return claim;
}

Claim moved() {
  Claim claim = all(breaks("42P01", "statements that look for it in its old schema fail"));
  claim.only = true;
  return claim;
}

Claim dropped(Words& words) {
  const bool constraint = words.skip({"CONSTRAINT"});
  if (!constraint) words.skip({"COLUMN"});
  const bool conditional = words.skip_condition();
  Claim claim = constraint ? all() : all(breaks("42703", gone));
  claim.act = constraint ? Act::drop_constraint : Act::drop_column;
  claim.object = folded(words.name());
  claim.if_column = conditional;
  claim.cascade = words.skip({"CASCADE"});
  return claim;
}

/// ENABLE and DISABLE.
Claim switched(Words& words, bool on) {
  if (words.skip({"ROW", "LEVEL", "SECURITY"}))
    return all(
        on ? breaks("42501", "programs that are neither its owner nor exempt see and write only what policies allow")
           : risky("", "every row is visible to whoever may read the table"));
  words.skip({"ALWAYS"});
  words.skip_word("REPLICA");
  if (words.skip({"RULE"})) return all(risky("", "statements are rewritten in another way"));
  return act(LockMode::share_row_exclusive, risky("", "writes do something else: a trigger is switched"));
}

/// Behind SET.
Claim set(Words& words) {
  if (words.skip({"SCHEMA"})) return moved();
  if (words.skip({"WITHOUT", "CLUSTER"})) return act(LockMode::share_update_exclusive);
  if (words.skip({"LOGGED"}) || words.skip({"UNLOGGED"}) || words.skip({"TABLESPACE"}) ||
      words.skip({"ACCESS", "METHOD"}))
    return all({}, Work::rewrite);
  return words.peek() == "(" ? options(words) : all();
}

Claim forced(bool on) {
  return all(on ? breaks("42501", "its owner too sees and writes only what policies allow")
                : risky("", "its owner sees every row"));
}

Claim validated(Words& words) {
  words.skip({"CONSTRAINT"});
  Claim claim = act(LockMode::share_update_exclusive, {}, Work::scan);
  claim.act = Act::validate;
  claim.object = folded(words.name());
  return claim;
}

Claim unread() {
  Claim claim = all();
  claim.act = Act::unknown;
  claim.harm.why = "this action of ALTER is not known here";
  return claim;
}

/// An action that is one claim on the table itself, not on what inherits from it.
Claim simple(Words& words) {
  if (words.skip({"ENABLE"})) return switched(words, true);
  if (words.skip({"DISABLE"})) return switched(words, false);
  if (words.skip({"FORCE"})) return forced(true);
  if (words.skip({"NO", "FORCE"})) return forced(false);
  if (words.skip({"CLUSTER"})) return act(LockMode::share_update_exclusive);
  if (words.skip({"SET"})) return set(words);
  if (words.skip({"RESET"})) return options(words);
  for (const std::string_view other : {"OWNER", "REPLICA", "OF", "NOT", "OPTIONS"})
    if (words.skip({other})) return all();
  return unread();
}

/// ATExecAddInherit and ATExecDropInherit in src/backend/commands/tablecmds.c.
Claims inherit(Words& words, bool on) {
  Claims claims{all()};
  if (on) claims.push_back({.relation = words.name(), .lock = LockMode::share_update_exclusive});
  return claims;
}

Claims action(Words words) {
  if (words.skip({"ADD"})) return added(words);
  if (words.skip({"ALTER"})) return altered(words);
  if (words.skip({"INHERIT"})) return inherit(words, true);
  if (words.skip({"NO", "INHERIT"})) return inherit(words, false);
  if (words.skip({"DROP"})) return {dropped(words)};
  if (words.skip({"VALIDATE"})) return {validated(words)};
  Claim claim = simple(words);
  claim.only = true;
  return {claim};
}

Claims attach(Words& words) {
  Claim partition = all({}, Work::scan);
  partition.relation = words.name();
  Claim parent = act(LockMode::share_update_exclusive, {}, Work::scan);
  parent.act = Act::partition;
  return {parent, partition};
}

Claims detach(Words& words) {
  Claim partition = all();
  partition.relation = words.name();
  Claim parent = all(risky("", "its rows are no longer there for who asks the parent"));
  parent.act = Act::partition;
  if (words.ahead("CONCURRENTLY") || words.skip_word("FINALIZE")) {
    parent.lock = LockMode::share_update_exclusive;
    parent.waits = partition.waits = words.ahead("CONCURRENTLY");
  }
  return {parent, partition};
}

Claims actions(Words& words) {
  if (words.skip({"RENAME"})) return {renamed(words)};
  if (words.skip({"ATTACH", "PARTITION"})) return attach(words);
  if (words.skip({"DETACH", "PARTITION"})) return detach(words);
  Claims claims;
  for (const Words& item : words.items()) {
    const Claims more = action(item);
    claims.insert(claims.end(), more.begin(), more.end());
  }
  return claims;
}

/// Whatever ALTER … is said of a relation.
Claims alter_relation(Words& words) {
  const bool conditional = words.skip_condition();
  const bool only = words.peek() == "ONLY";
  const std::string relation = words.relation();
  Claims claims = words.cut() ? Claims{unread()} : actions(words);
  for (Claim& claim : claims) {
    if (!claim.relation.empty()) continue;
    claim.relation = relation;
    claim.conditional = claim.conditional || conditional;
    claim.only = claim.only || only;
  }
  return claims;
}

/// Of an index; what its table's queries wait for.
Claims alter_index(Words& words) {
  Claims claims = alter_relation(words);
  for (Claim& claim : claims) {
    claim.harm = {};
    if (claim.act == Act::rename_table || claim.act == Act::unknown) claim.lock = LockMode::share_update_exclusive;
    if (claim.act != Act::rename_table) claim.act = Act::other;
  }
  return claims;
}

Claims alter_sequence(Words& words) {
  const bool conditional = words.skip_condition();
  Claim claim{.relation = words.name(),
              .lock = LockMode::share_row_exclusive,
              .harm = risky("", "other numbers are handed out"),
              .conditional = conditional};
  if (words.skip({"RENAME", "TO"})) claim = rename(words.name());
  if (words.skip({"SET", "SCHEMA"})) claim = moved();
  return {claim};
}

/// ALTER TRIGGER, RULE, POLICY … ON a table.
Claims alter_part(Words& words, const Harm& harm) {
  words.skip_past("ON");
  Claim claim = all(harm);
  claim.relation = words.name();
  return {claim};
}

/// What TYPE and DOMAIN have in common, behind the name.
Claims rename_type(Claim claim, Words& words) {
  if (words.skip({"SET", "SCHEMA"})) claim.harm = breaks("42704", "statements that look for it in its old schema fail");
  if (!words.skip({"RENAME", "TO"})) return {claim};
  claim.harm = breaks("42704", "type: statements that use its old name fail");
  claim.act = Act::rename_type;
  claim.names = {words.name()};
  return {claim};
}

Claims alter_type(Words& words) {
  Claim claim{.object = words.name(), .right = "TYPE", .cascade = words.ahead("CASCADE")};
  if (words.skip({"ADD", "VALUE"})) claim.harm = risky("", "readers may meet a value that they do not know");
  if (words.skip({"RENAME", "VALUE"})) claim.harm = breaks("22P02", "statements with the old value fail");
  if (words.skip({"RENAME", "ATTRIBUTE"}) || words.ahead("ATTRIBUTE"))
    claim.harm = breaks("42703", "statements that build or take apart its values fail");
  return rename_type(claim, words);
}

/// validateDomainCheckConstraint scans every table with a column of it under SHARE (src/backend/commands/typecmds.c).
Claims alter_domain(Words& words) {
  Claim claim{.object = words.name(), .right = "TYPE"};
  if (words.skip({"SET", "DEFAULT"})) claim.names = words.calls();
  if (Words ahead = words; ahead.skip({"SET", "SCHEMA"})) return rename_type(claim, words);
  claim.not_null = words.peek() == "ADD" || (words.peek() == "SET" && words.ahead("NULL"));
  const bool scans = (words.skip({"ADD"}) && !words.ahead("VALID")) || words.skip({"VALIDATE"}) ||
                     (words.skip({"SET"}) && words.ahead("NULL"));
  if (!scans) return rename_type(claim, words);
  claim.act = Act::unknown;
  claim.harm =
      risky("23514", "every table with a column of this domain is read under SHARE; writes that used to pass fail");
  return {claim};
}

Claims alter_publication(Words& words) {
  (void)words.name();
  if (!words.skip({"ADD"}) && !words.skip({"SET"})) return {};
  if (!words.skip({"TABLE"})) return {};
  Claims claims;
  for (Words& item : words.items())
    claims.push_back({.relation = item.relation(), .lock = LockMode::share_update_exclusive});
  return claims;
}

Claims alter_other(Words& words) {
  if (words.skip({"TYPE"})) return alter_type(words);
  if (words.skip({"DOMAIN"})) return alter_domain(words);
  if (words.skip({"PUBLICATION"})) return alter_publication(words);
  if (words.skip({"POLICY"}))
    return alter_part(words, breaks("42501", "other rows are visible and writable than before"));
  if (words.skip({"TRIGGER"}) || words.skip({"RULE"})) return alter_part(words, {});
  if (!words.skip({"SCHEMA"})) return {};
  (void)words.name();
  if (!words.skip({"RENAME"})) return {};
  return {{.harm = breaks("42P01", "schema: statements that use its old name fail"), .right = ""}};
}

}  // namespace

Claims alteration(Words& words) {
  if (words.skip({"TABLE", "ALL"}) || words.skip({"INDEX", "ALL"})) return {unread()};
  if (words.skip({"TABLE"}) || words.skip({"FOREIGN", "TABLE"})) return alter_relation(words);
  if (words.skip({"VIEW"}) || words.skip({"MATERIALIZED", "VIEW"})) return alter_relation(words);
  if (words.skip({"INDEX"})) return alter_index(words);
  if (words.skip({"SEQUENCE"})) return alter_sequence(words);
  return alter_other(words);
}

}  // namespace schemagate
