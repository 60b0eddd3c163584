#include "schema/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "schema/catalog_sql.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr char unit_separator = '\x1f';
constexpr int most_tries = 3;

/// Which results of the batch are which: BEGIN, pins, fingerprint, description, fingerprint, COMMIT.
constexpr std::size_t before = 2;
constexpr std::size_t description = 3;
constexpr std::size_t after = 4;
constexpr std::size_t complete = 6;

/// A condition on the schema `n`.
std::string named(const Connection& connection, const std::vector<std::string>& schemas) {
  if (schemas.empty()) return "true";
  std::vector<std::string> literals;
  literals.reserve(schemas.size());
  for (const std::string& schema : schemas) literals.push_back(connection.literal(schema));
  return fmt::format("n.nspname IN ({})", join(literals, ", "));
}

std::string description_sql(const Connection& connection, const Scope& scope) {
  const std::string history =
      fmt::format("n.id = {} AND c.relname = '_prisma_migrations'", connection.literal(scope.history.schema));
  return fmt::format(fmt::runtime(catalog_sql::scope), fmt::arg("names", named(connection, scope.schemas)),
                     fmt::arg("history", history)) +
         std::string{catalog_sql::columns} + "obj(kind, id, body) AS (" + std::string{catalog_sql::relations} +
         std::string{catalog_sql::attached} + std::string{catalog_sql::types} + std::string{catalog_sql::functions} +
         std::string{catalog_sql::rare} + ") SELECT kind, id, body FROM obj";
}

/// The functions that deparse look at the catalogs as they are, not at the transaction's snapshot. So each statement
/// takes its own, and equal fingerprints before and after tell that nothing changed meanwhile.
std::string batch(const Connection& connection, const Scope& scope) {
  const std::string fingerprint = fingerprint_sql(connection, scope.schemas);
  return fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; {}; {}; {}; {}; COMMIT", catalog_sql::pins,
                     fingerprint, description_sql(connection, scope), fingerprint);
}

/// Deparsing waits for whoever holds a table exclusively, and fails on what was dropped under it.
bool is_busy(const ServerMessage& error) { return error.sqlstate == "55P03" || error.sqlstate == "57014"; }
bool is_torn(const ServerMessage& error) {
  constexpr std::array<std::string_view, 3> gone{"42P01", "42704", "3F000"};
  return error.sqlstate.starts_with("XX") || std::ranges::find(gone, error.sqlstate) != gone.end();
}

std::string identity(std::string_view names) {
  std::string result;
  for (const char c : names) switch (c) {
      case unit_separator:
        result += '.';
        break;
      case '\t':
        result += "\\t";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '.':
      case '\\':
        result += '\\';
        [[fallthrough]];
      default:
        result += c;
    }
  return result;
}

/// Nothing for an object that was dropped while it was described: a NULL, or a type that PostgreSQL calls `???`.
std::optional<Object> object(const Row& row) {
  if (std::ranges::any_of(row, [](const auto& value) { return !value; })) return std::nullopt;
  Object result{.kind = *row.at(0), .identity = identity(*row.at(1)), .properties = {}};
  const std::string_view body = *row.at(2);
  if (body.empty()) return result;
  for (const std::string_view property : split(body.substr(1), unit_separator)) {
    const auto [key, value] = cut(property, '=');
    if (value.starts_with("???")) return std::nullopt;
    result.properties.emplace_back(key, value);
  }
  return result;
}

std::optional<Description> objects(const std::vector<Row>& rows) {
  Description result;
  for (const Row& row : rows) {
    std::optional<Object> found = object(row);
    if (!found) return std::nullopt;
    result.push_back(*std::move(found));
  }
  sort(result);
  return result;
}

std::optional<Live> live(const Reply& reply) {
  if (reply.results.size() != complete) throw QueryFailed{{.message = "an incomplete answer"}};
  if (reply.results[before] != reply.results[after]) return std::nullopt;
  std::optional<Description> found = objects(reply.results[description]);
  if (!found) return std::nullopt;
  return Live{.objects = *std::move(found), .fingerprint = reply.results[before].at(0).at(0).value()};
}

/// Not busy when it was torn, and may be tried again.
std::variant<Live, Unreadable> read(Connection& connection, const std::string& sql) {
  const Reply reply = connection.send(sql);
  if (!reply.error) {
    if (std::optional<Live> found = live(reply)) return *std::move(found);
    return Unreadable{.why = "the schema is being changed"};
  }
  if (connection.transaction() == Transaction::failed) connection.send("ROLLBACK");
  const bool busy = is_busy(*reply.error);
  if (!busy && !is_torn(*reply.error)) throw QueryFailed{*reply.error};
  return Unreadable{.why = brief(*reply.error), .busy = busy};
}

}  // namespace

std::variant<Live, Unreadable> describe(Connection& connection, const Scope& scope) {
  const std::string sql = batch(connection, scope);
  for (int tries = 1;; ++tries) {
    std::variant<Live, Unreadable> found = read(connection, sql);
    const auto* unreadable = std::get_if<Unreadable>(&found);
    if (unreadable == nullptr || unreadable->busy || tries == most_tries) return found;
  }
}

}  // namespace schemagate
