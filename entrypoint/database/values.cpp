#include "database/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <optional>

#include "mask.hpp"
#include "migrations/literals.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

/// As the server quotes in the languages that it speaks (lc_messages).
struct Quotes {
  std::string_view open;
  std::string_view close;
};
constexpr std::array<Quotes, 8> all_quotes{
    {{"\"", "\""}, {"«", "»"}, {"„", "“"}, {"„", "”"}, {"“", "”"}, {"‚", "‘"}, {"‘", "’"}, {"'", "'"}}};

struct Quoted {
  std::size_t begin = 0;  ///< of the text in the quotes
  std::size_t end = 0;
  std::size_t last = 0;  ///< where the last quote of this kind closes
};

bool is_letter(std::string_view text, std::size_t at) {
  return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
}

/// An apostrophe inside a word is no quote.
bool opens(std::string_view text, std::size_t at, const Quotes& quotes) {
  return text.substr(at).starts_with(quotes.open) && (quotes.open != "'" || at == 0 || !is_letter(text, at - 1));
}

std::size_t last_close(std::string_view text, std::string_view close) {
  std::size_t at = text.rfind(close);
  while (close == "'" && at != std::string_view::npos && at > 0 && is_letter(text, at + 1))
    at = text.rfind(close, at - 1);
  return at;
}

/// The first quoted text from there on.
std::optional<Quoted> next_quoted(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at)
    for (const Quotes& quotes : all_quotes) {
      const std::size_t begin = at + quotes.open.size();
      const std::size_t end = opens(text, at, quotes) ? text.find(quotes.close, begin) : std::string_view::npos;
      if (end != std::string_view::npos) return Quoted{begin, end, std::max(end, last_close(text, quotes.close))};
    }
  return std::nullopt;
}

/// A value may hold quotes: from the first one that is not a name's to the last of its kind.
std::string without_quoted(const std::string& text, const std::vector<std::string>& names) {
  const auto is_name = [&](const Quoted& quoted) {
    return std::ranges::find(names, text.substr(quoted.begin, quoted.end - quoted.begin)) != names.end();
  };
  std::optional<Quoted> found = next_quoted(text, 0);
  while (found && is_name(*found)) found = next_quoted(text, found->end + 1);
  if (!found) return text;
  return text.substr(0, found->begin) + "…" + text.substr(found->last);
}

bool is_of_rows(const ServerMessage& message) {
  return message.sqlstate.starts_with("22") || message.sqlstate.starts_with("23");
}

std::string unless_password(const std::string& text) { return tells_password(text) ? "" : text; }

std::string sql(Connection& connection, const ServerMessage& error) {
  return fmt::format(
      "SELECT pg_catalog.string_agg(a.attname::text, ', ' ORDER BY k.place) FROM pg_catalog.pg_class t"
      " JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace"
      " CROSS JOIN LATERAL (SELECT c.conkey FROM pg_catalog.pg_constraint c WHERE c.conrelid = t.oid AND c.conname = "
      "{2}"
      " UNION ALL SELECT i.indkey::int2[] FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
      " WHERE i.indrelid = t.oid AND x.relname = {2} LIMIT 1) AS found(keys)"
      " CROSS JOIN LATERAL pg_catalog.unnest(found.keys) WITH ORDINALITY AS k(number, place)"
      " JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number"
      " WHERE s.nspname = {0} AND t.relname = {1}",
      connection.literal(error.schema), connection.literal(error.table), connection.literal(error.constraint));
}

}  // namespace

ServerMessage without_values(ServerMessage message, const std::vector<std::string>& names) {
  if (shows_values()) return message;
  if (is_of_rows(message)) {
    message.message = without_quoted(message.message, names);
    message.detail.clear();
    message.context.clear();
  }
  for (std::string* part : {&message.detail, &message.hint, &message.context}) *part = unless_password(*part);
  return message;
}

std::string without_option_value(const std::string& message) {
  const std::optional<Quoted> value = message.starts_with("invalid ") ? next_quoted(message, 0) : std::nullopt;
  return value ? message.substr(0, value->begin) + "…" + message.substr(value->end) : message;
}

ServerMessage about(ServerMessage message, std::string_view statement) {
  if (shows_values() || !tells_password(statement)) return message;
  message.message = without_quoted(message.message, {});
  message.detail.clear();
  message.context.clear();
  return message;
}

std::string shown_query(std::string_view query, std::size_t width) {
  std::string text = shows_values() ? std::string{query} : without_literals(query);
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  if (text.size() <= width) return text;
  while (width > 0 && (static_cast<unsigned char>(text[width]) & 0xc0U) == 0x80U) --width;
  return text.substr(0, width) + "…";
}

std::string columns_of(Connection& connection, const ServerMessage& error) try {
  if (error.constraint.empty() || error.table.empty()) return {};
  const std::vector<Row> rows = connection.query(sql(connection, error));
  const std::string columns = rows.empty() ? "" : rows[0].at(0).value_or("");
  return columns.empty() ? "" : "columns " + columns;
} catch (const std::exception&) {
  return {};
}

}  // namespace schemagate
