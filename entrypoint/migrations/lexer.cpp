#include "migrations/lexer.hpp"

#include <pg_query.h>
#include <pg_query.pb-c.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace schemagate {
namespace {

// Only literals and comments have these inside.
constexpr std::string_view gaps = " \t\r\n,;()";

struct FreeScan {
  void operator()(PgQuery__ScanResult* scan) const { pg_query__scan_result__free_unpacked(scan, nullptr); }
};
using Scan = std::unique_ptr<PgQuery__ScanResult, FreeScan>;

/// In bytes, of the letter that PostgreSQL counts as this one, from 1.
std::size_t bytes_before(std::string_view text, int letter) {
  std::size_t at = 0;
  for (int count = 0; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U && ++count >= letter) break;
  return at;
}

/// `bad`: where the token begins that it could not read; 0 when it does not say.
Scan scan(std::string_view text, std::size_t& bad) {
  const PgQueryScanResult raw = pg_query_scan(std::string{text}.c_str());
  Scan result;
  bad = raw.error != nullptr && raw.error->cursorpos > 0 ? bytes_before(text, raw.error->cursorpos) : 0;
  if (raw.error == nullptr)
    result.reset(pg_query__scan_result__unpack(nullptr, raw.pbuf.len, reinterpret_cast<const uint8_t*>(raw.pbuf.data)));
  pg_query_free_scan_result(raw);
  return result;
}

bool is_comment(const PgQuery__ScanToken& token) {
  return token.token == PG_QUERY__TOKEN__SQL_COMMENT || token.token == PG_QUERY__TOKEN__C_COMMENT;
}

/// libpg_query gives "U&" literals the end of their first letter, or none.
std::size_t end_of(const PgQuery__ScanToken& token, std::string_view text) {
  const auto begin = static_cast<std::size_t>(token.start);
  if (token.token != PG_QUERY__TOKEN__UIDENT && token.token != PG_QUERY__TOKEN__USCONST)
    return static_cast<std::size_t>(token.end);
  const char quote = text[begin + 2];
  std::size_t end = text.find(quote, begin + 3);
  while (end + 1 < text.size() && text[end + 1] == quote) end = text.find(quote, end + 2);
  return std::min(end, text.size() - 1) + 1;
}

/// Of a piece that begins at `base`.
std::vector<Token> tokens_of(const PgQuery__ScanResult& scanned, std::string_view piece, std::size_t base) {
  std::vector<Token> result;
  result.reserve(scanned.n_tokens);
  for (const PgQuery__ScanToken* token : std::span{scanned.tokens, scanned.n_tokens})
    if (!is_comment(*token))
      result.push_back({.begin = base + static_cast<std::size_t>(token->start),
                        .end = base + end_of(*token, piece),
                        .keyword = token->keyword_kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD,
                        .reserved = token->keyword_kind == PG_QUERY__KEYWORD_KIND__RESERVED_KEYWORD});
  return result;
}

char capital(char letter) { return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter; }

}  // namespace

Lexer::Lexer(std::string_view text, std::size_t piece)
    // A NUL would end it early for the lexer, and so it does for the server.
    : text_{text}, piece_{std::max<std::size_t>(piece, 1)}, failed_{text.find('\0') != std::string_view::npos} {}

std::optional<Token> Lexer::next() {
  if (used_ == tokens_.size()) refill();
  return used_ < tokens_.size() ? std::optional{tokens_[used_++]} : std::nullopt;
}

void Lexer::refill() {
  tokens_.clear();
  used_ = 0;
  for (std::size_t size = piece_; !failed_ && at_ < text_.size(); size *= 2) {
    const std::size_t end = std::min(text_.find_first_of(gaps, at_ + size), text_.size());
    if (take(end)) return;
    failed_ = end == text_.size();
  }
}

/// Cut at a gap, only a literal, a comment or what is between two parts of a literal can be torn.
bool Lexer::take(std::size_t end) {
  std::size_t bad = 0;
  const std::string_view piece = text_.substr(at_, end - at_);
  const Scan scanned = scan(piece, bad);
  if (!scanned) return take_before(at_ + bad);
  if (end < text_.size()) return keep(tokens_of(*scanned, piece, at_));
  tokens_ = tokens_of(*scanned, piece, at_);
  at_ = end;
  return true;
}

/// What stands before a token that is torn, or that nobody can read.
bool Lexer::take_before(std::size_t bad) {
  const std::size_t end = text_.find_last_of(gaps, bad);
  if (end == std::string_view::npos || end <= at_) return false;
  const std::string_view piece = text_.substr(at_, end - at_);
  const Scan scanned = scan(piece, bad);
  return scanned && keep(tokens_of(*scanned, piece, at_));
}

/// The last token may go on behind the cut.
bool Lexer::keep(std::vector<Token> tokens) {
  if (tokens.size() < 2) return false;
  at_ = tokens.back().begin;
  tokens.pop_back();
  tokens_ = std::move(tokens);
  return true;
}

std::size_t blanks(std::string_view text) {
  Lexer lexer{text, 4096};
  while (const auto token = lexer.next())
    if (text[token->begin] != ';') return token->begin;
  return 0;
}

std::string capitals(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), capital);
  return result;
}

}  // namespace schemagate
