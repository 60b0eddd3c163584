#include "migrations/claim.hpp"

#include <array>
#include <utility>

#include "migrations/alteration.hpp"
#include "migrations/creation.hpp"
#include "migrations/lexer.hpp"
#include "migrations/removal.hpp"
#include "migrations/words.hpp"

namespace schemagate {
namespace {

Claim locks(const std::string& relation, LockMode lock, Work work = Work::catalog) {
  return {.relation = relation, .lock = lock, .work = work};
}

Claims unknown(std::string_view why) {
  return {{.act = Act::unknown, .harm = {.older = Older::works, .sqlstate = {}, .why = why}, .right = ""}};
}

Claim writes(const std::string& relation, std::string_view right) {
  return {.act = Act::write, .relation = relation, .lock = LockMode::row_exclusive, .right = right};
}

Claims change(Words& words, std::string_view right) {
  Claim claim = writes(words.relation(), right);
  claim.whole = !words.cut() && !words.ahead("WHERE");
  return {claim};
}

Claims copy(Words& words) {
  const std::string relation = words.name();
  words.group();
  if (relation.empty() || !words.skip({"FROM"})) return {};
  return {writes(relation, "INSERT")};
}

/// Every data-modifying part of a WITH, and its main statement.
Claims with(Words& words) {
  Claims claims;
  while (words.next()) {
    if (words.skip({"INSERT", "INTO"})) claims.push_back(writes(words.relation(), "INSERT"));
    if (words.skip({"DELETE", "FROM"})) claims.push_back(writes(words.relation(), "DELETE"));
    if (words.skip({"UPDATE"}))
      if (const std::string relation = words.relation(); !relation.empty())
        claims.push_back(writes(relation, "UPDATE"));
  }
  return claims;
}

LockMode mode_of(Words& words) {
  const std::string text = capitals(words.text());
  for (const LockMode mode :
       {LockMode::share_update_exclusive, LockMode::share_row_exclusive, LockMode::row_exclusive, LockMode::row_share,
        LockMode::access_share, LockMode::access_exclusive, LockMode::share, LockMode::exclusive})
    if (text.starts_with(name(mode))) return mode;
  return LockMode::access_exclusive;
}

Claims lock(Words& words) {
  words.skip({"TABLE"});
  Claims claims;
  for (Words& item : words.until({"IN", "NOWAIT"}).items()) claims.push_back(locks(item.relation(), LockMode::none));
  const LockMode mode = words.skip({"IN"}) ? mode_of(words) : LockMode::access_exclusive;
  for (Claim& claim : claims) {
    claim.lock = mode;
    claim.right = "UPDATE";
  }
  return claims;
}

Claims truncate(Words& words) {
  words.skip({"TABLE"});
  Claims claims;
  for (Words& item : words.until({"RESTART", "CONTINUE", "CASCADE", "RESTRICT"}).items()) {
    claims.push_back(locks(item.relation(), LockMode::access_exclusive, Work::empty));
    claims.back().act = Act::truncate;
    claims.back().right = "TRUNCATE";
    claims.back().cascade = words.ahead("CASCADE");
  }
  return claims;
}

Claims cluster(Words& words) {
  if (!words.skip({"VERBOSE"})) (void)words.options();
  std::string relation = words.name();
  if (words.skip({"ON"})) relation = words.name();
  if (relation.empty()) return unknown("every table that was clustered before is rewritten under ACCESS EXCLUSIVE");
  Claim claim = locks(relation, LockMode::access_exclusive, Work::rewrite);
  claim.right = "MAINTAIN";
  return {claim};
}

bool is_on(const OptionMap& options, const std::string& name) {
  const auto found = options.find(name);
  return found != options.end() && found->second != "FALSE" && found->second != "OFF" && found->second != "0";
}

/// Also ANALYZE, with the same options.
Claims vacuum(Words& words) {
  bool full = is_on(words.options(), "FULL");
  while (words.skip({"FULL"}) || words.skip({"FREEZE"}) || words.skip({"VERBOSE"}) || words.skip({"ANALYZE"}))
    full = full || words.has("FULL");
  if (words.ended() && full) return unknown("every table is rewritten under ACCESS EXCLUSIVE");
  Claims claims;
  for (Words& item : words.items()) {
    claims.push_back(locks(item.relation(), full ? LockMode::access_exclusive : LockMode::share_update_exclusive,
                           full ? Work::rewrite : Work::scan));
    claims.back().right = "MAINTAIN";
  }
  return claims;
}

Claims reindex(Words& words) {
  bool concurrent = is_on(words.options(), "CONCURRENTLY");
  const bool index = words.skip({"INDEX"});
  const bool whole = !index && !words.skip({"TABLE"});
  concurrent = words.skip({"CONCURRENTLY"}) || concurrent;
  if (whole)
    return unknown("every index of it is built again, its table under SHARE and itself under ACCESS EXCLUSIVE");
  Claim claim = locks(words.name(), concurrent ? LockMode::share_update_exclusive : LockMode::share, Work::scan);
  claim.act = index ? Act::reindex_index : Act::other;
  claim.waits = concurrent;
  claim.right = "MAINTAIN";
  if (!concurrent) claim.harm.why = "its indexes are locked in ACCESS EXCLUSIVE: queries that plan with them wait too";
  return {claim};
}

Claims refresh(Words& words) {
  words.skip({"MATERIALIZED", "VIEW"});
  const bool concurrent = words.skip({"CONCURRENTLY"});
  Claim claim = locks(words.name(), concurrent ? LockMode::exclusive : LockMode::access_exclusive,
                      concurrent ? Work::scan : Work::rewrite);
  claim.right = "MAINTAIN";
  return {claim};
}

/// On a relation or a column; for a constraint, a trigger or a policy their table is only opened.
Claims comment(Words& words) {
  words.skip({"ON"});
  if (words.skip({"COLUMN"})) {
    const std::string column = words.name();
    return {locks(column.substr(0, column.rfind('.')), LockMode::share_update_exclusive)};
  }
  words.skip({"FOREIGN"});
  words.skip({"MATERIALIZED"});
  for (const std::string_view kind : {"TABLE", "VIEW", "INDEX", "SEQUENCE"})
    if (words.skip({kind})) return {locks(words.name(), LockMode::share_update_exclusive)};
  return {};
}

Claims security(Words& words) {
  words.skip_past("ON");
  return words.skip({"TABLE"}) ? Claims{locks(words.name(), LockMode::share_update_exclusive)} : Claims{};
}

Claims set(Words& words) {
  if (!words.skip({"SESSION"})) words.skip({"LOCAL"});
  Claim claim{.act = Act::search_path, .right = ""};
  if (words.skip({"SCHEMA"})) {
    claim.names = {words.peek()};
    return {claim};
  }
  if (words.skip({"ROLE"}) || words.skip({"AUTHORIZATION"})) return {{.act = Act::set_role, .right = ""}};
  if (capitals(words.name()) != "SEARCH_PATH") return {};
  if (!words.skip_mark("=")) words.skip({"TO"});
  for (Words& item : words.items()) claim.names.push_back(item.text());
  if (claim.names == std::vector<std::string>{"DEFAULT"}) claim.names.clear();
  return {claim};
}

Claims reset(Words& words) {
  const std::string name = words.peek();
  if (name != "SEARCH_PATH" && name != "ALL") return {};
  return {{.act = Act::search_path, .right = ""}};
}

Claims query(Words& words) { return {{.act = Act::query, .names = words.calls(), .right = ""}}; }

Claims revoke(Words& words) {
  if (!words.has("ON")) return {};
  return {{.harm = {Older::risky, "42501", "whoever loses the privilege is refused"}, .right = ""}};
}

Claims nothing(Words& /*words*/) { return {}; }

Claims drop_insert(Words& words) {
  words.skip({"INTO"});
  return {writes(words.relation(), "INSERT")};
}

Claims remove_rows(Words& words) {
  words.skip({"FROM"});
  return change(words, "DELETE");
}

Claims modify(Words& words) { return change(words, "UPDATE"); }
Claims block(Words& /*words*/) {
  return unknown("what a block, a procedure or a prepared statement does cannot be told");
}

Claims explain(Words& words) { return words.has("ANALYZE") ? unknown("EXPLAIN ANALYZE runs its statement") : Claims{}; }

/// Reads a sample of the rows.
Claims analyze(Words& words) {
  Claims claims = vacuum(words);
  for (Claim& claim : claims) claim.work = Work::catalog;
  return claims;
}

using Reader = Claims (*)(Words&);

constexpr auto readers = std::to_array<std::pair<std::string_view, Reader>>({
    {"ALTER", alteration},
    {"CREATE", creation},
    {"DROP", removal},
    {"INSERT", drop_insert},
    {"UPDATE", modify},
    {"DELETE", remove_rows},
    {"MERGE", drop_insert},
    {"COPY", copy},
    {"WITH", with},
    {"SELECT", query},
    {"VALUES", query},
    {"TABLE", nothing},
    {"LOCK", lock},
    {"TRUNCATE", truncate},
    {"CLUSTER", cluster},
    {"VACUUM", vacuum},
    {"ANALYZE", analyze},
    {"ANALYSE", analyze},
    {"REINDEX", reindex},
    {"REFRESH", refresh},
    {"COMMENT", comment},
    {"SECURITY", security},
    {"GRANT", nothing},
    {"REVOKE", revoke},
    {"SET", set},
    {"RESET", reset},
    {"SHOW", nothing},
    {"BEGIN", nothing},
    {"START", nothing},
    {"COMMIT", nothing},
    {"END", nothing},
    {"ROLLBACK", nothing},
    {"ABORT", nothing},
    {"SAVEPOINT", nothing},
    {"RELEASE", nothing},
    {"PREPARE", nothing},
    {"DEALLOCATE", nothing},
    {"DISCARD", reset},
    {"NOTIFY", nothing},
    {"LISTEN", nothing},
    {"UNLISTEN", nothing},
    {"CHECKPOINT", nothing},
    {"IMPORT", nothing},
    {"DO", block},
    {"CALL", block},
    {"EXECUTE", block},
    {"EXPLAIN", explain},
});

/// By mode of the row, the modes that it conflicts with; PostgreSQL documentation, table 13.2.
constexpr std::array<unsigned, 9> conflicts{
    0,      // none
    0x100,  // access share: access exclusive
    0x180,  // row share: exclusive, access exclusive
    0x1e0,  // row exclusive: share, share row exclusive, exclusive, access exclusive
    0x1f0,  // share update exclusive: itself and what is stronger
    0x1d8,  // share: row exclusive, share update exclusive, share row exclusive, exclusive, access exclusive
    0x1f8,  // share row exclusive: row exclusive and what is stronger
    0x1fc,  // exclusive: all but access share
    0x1fe,  // access exclusive: all
};

/// Of a statement that is longer than what is read, the end may lock more.
Claims complete(Claims claims, const Words& words, const std::string& first) {
  if (!words.cut() || first == "INSERT" || first == "SELECT" || first == "VALUES") return claims;
  const Claims more = unknown("it is too long to be read to its end");
  claims.insert(claims.end(), more.begin(), more.end());
  return claims;
}

}  // namespace

std::string_view name(LockMode mode) {
  static constexpr std::array<std::string_view, 9> names{
      "none",  "ACCESS SHARE",        "ROW SHARE", "ROW EXCLUSIVE",   "SHARE UPDATE EXCLUSIVE",
      "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"};
  return names.at(static_cast<std::size_t>(mode));
}

bool conflict(LockMode one, LockMode other) {
  return (conflicts.at(static_cast<std::size_t>(one)) >> static_cast<unsigned>(other) & 1U) != 0;
}

std::string_view name(Work work) {
  static constexpr std::array<std::string_view, 4> names{"catalog", "empty", "scan", "rewrite"};
  return names.at(static_cast<std::size_t>(work));
}

Claims read_claims(std::string_view statement) {
  Words words{statement};
  while (words.skip_mark("(")) {
  }
  const std::string first = words.peek();
  words.next();
  for (const auto& [keyword, reader] : readers)
    if (keyword == first) return complete(reader(words), words, first);
  return first.empty() ? Claims{} : unknown("this statement is not known here");
}

std::string folded(std::string_view written) {
  std::string result;
  if (!written.starts_with('"')) {
    for (const char c : written) result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return result;
  }
  for (std::size_t at = 1; at + 1 < written.size(); ++at) {
    result += written[at];
    if (written[at] == '"') ++at;
  }
  return result;
}

std::pair<std::string, std::string> parts(std::string_view written) {
  bool quoted = false;
  for (std::size_t at = 0; at < written.size(); ++at) {
    if (written[at] == '"') quoted = !quoted;
    if (written[at] != '.' || quoted) continue;
    return {folded(written.substr(0, at)), folded(written.substr(at + 1))};
  }
  return {"", folded(written)};
}

}  // namespace schemagate
