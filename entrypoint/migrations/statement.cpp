#include "migrations/statement.hpp"

#include <algorithm>
#include <cctype>

#include "migrations/lexer.hpp"
#include "migrations/words.hpp"

namespace schemagate {
namespace {

bool off(const std::string& value) { return value == "FALSE" || value == "OFF" || value == "0"; }

bool off(const OptionMap& options, const std::string& name) {
  const auto found = options.find(name);
  return found != options.end() && off(found->second);
}

Sense meaning(Kind kind, Effect effect) {
  Sense result{.kind = kind, .action = {}};
  result.action.effect = effect;
  return result;
}

Sense outside(Effect effect) { return meaning(Kind::outside, effect); }
Sense perhaps(Effect effect) { return meaning(Kind::perhaps, effect); }

bool if_exists(Words& words) { return words.skip({"IF", "EXISTS"}); }

/// A name and nothing else; not U&"…", which the server's functions do not read.
std::string bare_column(Words item) {
  const std::string name = item.name();
  return item.ended() && name.find('&') != 1 ? name : std::string{};
}

/// Of `[USING btree] (a, b)` at the end of a statement.
std::vector<std::string> bare_columns(Words& words) {
  if (words.skip({"USING"}) && !words.skip_word("BTREE")) return {};
  std::vector<std::string> result;
  for (const Words& item : words.group()) result.push_back(bare_column(item));
  const bool whole = words.ended() && !words.cut() && std::ranges::find(result, "") == result.end();
  return whole ? result : std::vector<std::string>{};
}

Sense create_index(Words& words, bool unique) {
  Sense result = outside(Effect::create_index);
  result.action.concurrent = true;
  result.action.unique = unique;
  result.action.conditional = words.skip({"IF", "NOT", "EXISTS"});
  result.action.object = words.name();
  if (words.skip({"ON"})) result.action.table = words.relation();
  if (result.action.object.empty()) result.action.columns = bare_columns(words);
  return result;
}

Sense drop_index(Words& words) {
  Sense result = outside(Effect::drop_index);
  result.action.concurrent = true;
  result.action.conditional = if_exists(words);
  result.action.object = words.name();
  return result;
}

Sense named(Effect effect, Words& words) {
  Sense result = outside(effect);
  result.action.conditional = if_exists(words);
  result.action.object = words.name();
  return result;
}

/// It creates a replication slot elsewhere, unless it is told not to.
Sense create_subscription(Words& words) {
  Sense result = named(Effect::create_subscription, words);
  const OptionMap options = words.options_with();
  return off(options, "CONNECT") || off(options, "CREATE_SLOT") ? Sense{} : result;
}

Sense create(Words& words) {
  if (words.skip({"INDEX", "CONCURRENTLY"})) return create_index(words, false);
  if (words.skip({"UNIQUE", "INDEX", "CONCURRENTLY"})) return create_index(words, true);
  if (words.skip({"DATABASE"})) return named(Effect::create_database, words);
  if (words.skip({"TABLESPACE"})) return named(Effect::create_tablespace, words);
  return words.skip({"SUBSCRIPTION"}) ? create_subscription(words) : Sense{};
}

/// A subscription without a slot can be dropped anywhere.
Sense drop(Words& words) {
  if (words.skip({"INDEX", "CONCURRENTLY"})) return drop_index(words);
  if (words.skip({"DATABASE"})) return named(Effect::drop_database, words);
  if (words.skip({"TABLESPACE"})) return named(Effect::drop_tablespace, words);
  if (!words.skip({"SUBSCRIPTION"})) return {};
  return {.kind = Kind::perhaps, .action = named(Effect::drop_subscription, words).action};
}

Sense alter_table(Words& words) {
  Sense result = outside(Effect::detach);
  result.action.concurrent = true;
  result.action.conditional = if_exists(words);
  result.action.table = words.relation();
  if (!words.skip({"DETACH", "PARTITION"})) return {};
  result.action.object = words.name();
  return words.skip({"CONCURRENTLY"}) ? result : Sense{};
}

/// With a refresh it makes or drops slots elsewhere; failover and two_phase change one (PostgreSQL 17, 18).
Sense alter_subscription(Words& words) {
  (void)words.name();
  if (words.skip({"REFRESH"})) return outside(Effect::repeatable);
  const bool same_again = words.skip({"SET", "PUBLICATION"});
  if (same_again || words.skip({"ADD", "PUBLICATION"}) || words.skip({"DROP", "PUBLICATION"})) {
    if (off(words.options_with(), "REFRESH")) return {};
    return outside(same_again ? Effect::repeatable : Effect::unknown);
  }
  if (!words.skip({"SET"})) return {};
  const OptionMap options = words.options();
  return options.contains("FAILOVER") || options.contains("TWO_PHASE") ? perhaps(Effect::repeatable) : Sense{};
}

Sense alter_database(Words& words) {
  (void)words.name();
  return words.skip({"SET", "TABLESPACE"}) ? outside(Effect::repeatable) : Sense{};
}

Sense alter_type(Words& words) {
  (void)words.name();
  return {.kind = words.skip({"ADD", "VALUE"}) ? Kind::value : Kind::ordinary, .action = {}};
}

Sense alter(Words& words) {
  if (words.skip({"TABLE"})) return alter_table(words);
  if (words.skip({"TYPE"})) return alter_type(words);
  if (words.skip({"SYSTEM"})) return outside(Effect::repeatable);
  if (words.skip({"DATABASE"})) return alter_database(words);
  return words.skip({"SUBSCRIPTION"}) ? alter_subscription(words) : Sense{};
}

Extent extent(Words& words) {
  if (words.skip({"TABLE"})) return Extent::table;
  if (words.skip({"SCHEMA"})) return Extent::schema;
  if (words.skip({"DATABASE"}) || words.skip({"SYSTEM"})) return Extent::database;
  words.skip({"INDEX"});
  return Extent::index;
}

/// Of a partitioned table or index it runs only outside, which the text does not tell.
Sense reindex(Words& words) {
  const OptionMap options = words.options();
  const Extent what = extent(words);
  const bool whole = what == Extent::schema || what == Extent::database;
  const bool concurrent =
      words.skip({"CONCURRENTLY"}) || (options.contains("CONCURRENTLY") && !off(options, "CONCURRENTLY"));
  Sense result = whole || concurrent ? outside(Effect::reindex) : perhaps(Effect::reindex);
  result.action.object = words.name();
  result.action.concurrent = concurrent;
  result.action.extent = what;
  return result;
}

/// Without a table it is every table, each in a transaction of its own.
Sense cluster(Words& words) {
  if (!words.skip({"VERBOSE"})) (void)words.options();
  return words.ended() ? outside(Effect::repeatable) : perhaps(Effect::repeatable);
}

bool continues_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// `COMMIT;`, but neither `committed` nor `ON COMMIT DROP`. What stands before it is free, for PL/Perl's spi_commit().
bool mentions(std::string_view body, std::string_view command) {
  for (std::size_t at = body.find(command); at != std::string_view::npos; at = body.find(command, at + 1)) {
    const std::string_view after = body.substr(at + command.size());
    if (body.substr(0, at).ends_with("ON ") || (!after.empty() && continues_word(after.front()))) continue;
    return true;
  }
  return false;
}

/// A procedure or block may commit, but only when it is not inside a transaction block already.
Sense block(Words& words) {
  const std::string body = words.rest();
  return mentions(body, "COMMIT") || mentions(body, "ROLLBACK") ? perhaps(Effect::unknown) : Sense{};
}

/// ROLLBACK TO a savepoint stays inside the transaction.
bool bounds(Words& words) {
  if (words.skip({"ROLLBACK"})) return !words.has("TO");
  return words.skip({"BEGIN"}) || words.skip({"COMMIT"}) || words.skip({"END"}) || words.skip({"ABORT"}) ||
         words.skip({"START", "TRANSACTION"}) || words.skip({"PREPARE", "TRANSACTION"});
}

/// libpg_query reads a backslash in '…' as a letter, whatever was SET before.
Sense set(Words& words) {
  if (!words.skip({"SESSION"})) words.skip({"LOCAL"});
  if (capitals(words.name()) != "STANDARD_CONFORMING_STRINGS") return {};
  return {.kind = off(words.last()) ? Kind::dialect : Kind::ordinary, .action = {}};
}

}  // namespace

/// The calls of PreventInTransactionBlock in PostgreSQL 14 to 18 (src/backend), as far as the text tells.
Sense understand(std::string_view statement) {
  Words words{statement};
  if (bounds(words)) return {.kind = Kind::boundary, .action = {}};
  if (words.skip({"CREATE"})) return create(words);
  if (words.skip({"ALTER"})) return alter(words);
  if (words.skip({"DROP"})) return drop(words);
  if (words.skip({"REINDEX"})) return reindex(words);
  if (words.skip({"CLUSTER"})) return cluster(words);
  if (words.skip({"DO"})) return block(words);
  if (words.skip({"CALL"})) return perhaps(Effect::unknown);
  if (words.skip({"SET"})) return set(words);
  return words.skip({"VACUUM"}) || words.skip({"DISCARD", "ALL"}) ? outside(Effect::repeatable) : Sense{};
}

Deed action(std::string_view statement) { return understand(statement).action; }

}  // namespace schemagate
