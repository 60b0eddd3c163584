#include "fuzz/properties.hpp"

#include <pg_query.h>

#include <algorithm>
#include <span>
#include <vector>

#include "fuzz/check.hpp"
#include "migrations/claim.hpp"
#include "migrations/lexer.hpp"
#include "migrations/script.hpp"

namespace schemagate {
namespace {

using Segments = std::vector<Segment>;

std::string text_of(const std::string& script, const Segment& segment) {
  return script.substr(segment.begin, segment.end - segment.begin);
}

void check_order(const std::string& script, const Segments& segments) {
  std::size_t at = 0;
  for (const Segment& segment : segments) {
    require(segment.begin == at, "segments touch each other");
    require(segment.end > at || script.empty(), "segments are not empty");
    at = segment.end;
  }
  require(at == script.size(), "segments are the whole script");
}

void check_stable(const std::string& script, const Segments& parts, Grain grain) {
  for (const Segment& segment : parts) {
    const std::string text = text_of(script, segment);
    (void)action(text);
    (void)read_claims(text);
    if (parts.size() == 1) return;
    const Segments again = Script{text}.segments(grain);
    require(again.size() == 1, "a segment is one segment");
    require(!segment.alone || again[0].alone, "what is alone stays alone");
  }
}

void check_mode(const std::string& script, const Segments& parts) {
  const Mode mode = Script{script}.mode();
  const auto alone = std::ranges::count(parts, true, &Segment::alone);
  require((mode == Mode::segments) == (alone > 0), "segments are sent where one is alone");
  require(mode == Mode::segments || parts.size() == 1, "any other script is one segment");
  require(Script{script}.readable() || mode == Mode::own, "what cannot be read is sent as it is");
}

void check_finer(const Segments& parts, const Segments& finer) {
  for (const Segment& part : parts)
    require(std::ranges::count(finer, part.end, &Segment::end) == 1, "by value it is cut where it is cut anyway");
}

std::vector<Token> tokens(const std::string& script, std::size_t piece, bool& failed) {
  Lexer lexer{script, piece};
  std::vector<Token> result;
  while (const auto token = lexer.next()) result.push_back(*token);
  failed = lexer.failed();
  return result;
}

void check_pieces(const std::string& script) {
  bool whole_failed = false;
  bool pieces_failed = false;
  const auto whole = tokens(script, script.size() + 1, whole_failed);
  const auto pieces = tokens(script, 1 + script.size() % 29, pieces_failed);
  require(pieces_failed == whole_failed, "in pieces it can be read where it can be read at once");
  require(whole_failed || pieces == whole, "the pieces have the tokens of the whole");
}

/// What PostgreSQL's parser takes for statements, where it accepts them all.
struct Parsed {
  bool accepted = false;
  std::vector<std::size_t> ends;  ///< at the `;`, or the end
  std::vector<Kind> kinds;
};

Parsed parsed(const std::string& script) {
  Parsed result;
  const PgQuerySplitResult split = pg_query_split_with_parser(script.c_str());
  result.accepted = split.error == nullptr && script.find('\0') == std::string::npos;
  if (result.accepted)
    for (const PgQuerySplitStmt* statement : std::span{split.stmts, static_cast<std::size_t>(split.n_stmts)}) {
      const auto begin = static_cast<std::size_t>(statement->stmt_location);
      const auto size = static_cast<std::size_t>(statement->stmt_len);
      result.ends.push_back(size == 0 ? script.size() : begin + size);
      result.kinds.push_back(understand(std::string_view{script}.substr(begin, result.ends.back() - begin)).kind);
    }
  pg_query_free_split_result(split);
  return result;
}

/// Each statement of the parser lies in one segment, and what is outside has one of its own.
void check_parser(const std::string& script, const Segments& parts) {
  const Parsed statements = parsed(script);
  if (!statements.accepted || Script{script}.mode() == Mode::own) return;
  std::size_t begin = 0;
  for (std::size_t index = 0; index < statements.ends.size(); ++index) {
    const std::size_t end = statements.ends[index];
    const auto holder = std::ranges::find_if(parts, [&](const Segment& part) { return end <= part.end; });
    require(holder != parts.end() && (index == 0 || holder->begin <= begin + 1), "no statement is torn");
    if (statements.kinds[index] == Kind::outside) require(holder->alone, "what runs only outside is alone");
    if (holder->alone)
      require(index + 1 == statements.ends.size() || statements.ends[index + 1] > holder->end,
              "what is alone has no other beside it");
    begin = end;
  }
}

}  // namespace

void check_script(const std::string& script) {
  const Script read{script};
  const Segments parts = read.segments();
  const Segments finer = read.segments(Grain::value);
  (void)read.limits_locks();
  (void)read.settings_before(script.size() / 2);
  check_order(script, parts);
  check_order(script, finer);
  check_stable(script, parts, Grain::outside);
  check_stable(script, finer, Grain::value);
  check_mode(script, parts);
  check_finer(parts, finer);
  check_pieces(script);
  check_parser(script, parts);
}

}  // namespace schemagate
