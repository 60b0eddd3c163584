#include "schema/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <random>
#include <utility>

#include "schema/catalog_sql.hpp"
#include "schema/tally.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr int most_tries = 10;
constexpr std::chrono::milliseconds between_tries{50};

/// Which results of the batch are which: BEGIN, pins, moment, description, fingerprint, moment, COMMIT.
constexpr std::size_t before = 2;
constexpr std::size_t description = 3;
constexpr std::size_t everything = 4;
constexpr std::size_t after = 5;
constexpr std::size_t complete = 7;

/// The same as long as no transaction ends that has changed anything. A standby's snapshots do not list all that are
/// running, so there it is never the same (src/backend/storage/ipc/procarray.c, GetSnapshotData).
constexpr std::string_view moment =
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.clock_timestamp()::pg_catalog.text"
    " ELSE pg_catalog.pg_current_snapshot()::pg_catalog.text END";

/// A condition on the schema `n`.
std::string named(const Connection& connection, const std::vector<std::string>& schemas) {
  if (schemas.empty()) return "true";
  std::vector<std::string> literals;
  literals.reserve(schemas.size());
  for (const std::string& schema : schemas) literals.push_back(connection.literal(schema));
  return fmt::format("n.nspname IN ({})", join(literals, ", "));
}

/// What a name or a body cannot hold, because it was there before this was drawn.
std::string new_separator() { return fmt::format("\x1f{:08x}", std::random_device{}()); }

/// With the whole separator instead of its first character, as SQL writes it.
std::string separated(std::string_view sql, std::string_view separator) {
  static constexpr std::string_view sign = R"(\x1f)";
  std::string result{sql};
  for (std::size_t at = 0; (at = result.find(sign, at)) != std::string::npos;) {
    at += sign.size();
    result.insert(at, separator.substr(1));
  }
  return result;
}

std::string description_sql(const Connection& connection, const Scope& scope, std::string_view separator) {
  const std::string history =
      fmt::format("n.id = {} AND c.relname = '_prisma_migrations'", connection.literal(scope.history.schema));
  return fmt::format(fmt::runtime(separated(catalog_sql::scope, separator)),
                     fmt::arg("names", named(connection, scope.schemas)), fmt::arg("history", history)) +
         separated(catalog_sql::columns, separator) + std::string{catalog_sql::indexes} + "obj(kind, id, body) AS (" +
         separated(catalog_sql::relations, separator) + separated(catalog_sql::attached, separator) +
         separated(catalog_sql::types, separator) + separated(catalog_sql::functions, separator) +
         separated(catalog_sql::rare, separator) + ") SELECT kind, id, body FROM obj";
}

struct Question {
  std::string sql;
  std::string separator;
};

/// The functions that deparse look at the catalogs as they are, not at the transaction's snapshot. So each statement
/// takes its own, and equal moments before and after tell that nothing changed meanwhile, or else equal fingerprints.
/// The one between equal moments is that of what was described, whatever was known before.
Question question(const Connection& connection, const Scope& scope) {
  std::string separator = new_separator();
  std::string sql =
      fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; {0}; {1}; {2}; {3}; {1}; COMMIT", catalog_sql::pins,
                  moment, description_sql(connection, scope, separator), fingerprint_sql());
  return {std::move(sql), std::move(separator)};
}

/// Deparsing waits for whoever holds a table exclusively, and fails on what was dropped under it.
bool is_busy(const ServerMessage& error) { return error.sqlstate == "55P03"; }
bool is_cancelled(const ServerMessage& error) { return error.sqlstate == "57014"; }
bool is_torn(const ServerMessage& error) {
  constexpr std::array<std::string_view, 3> gone{"42P01", "42704", "3F000"};
  return error.sqlstate.starts_with("XX") || std::ranges::find(gone, error.sqlstate) != gone.end();
}

std::vector<std::string_view> pieces(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> result;
  for (std::size_t end = 0; (end = text.find(separator)) != std::string_view::npos;) {
    result.push_back(text.substr(0, end));
    text.remove_prefix(end + separator.size());
  }
  result.push_back(text);
  return result;
}

/// Nothing for an object that was dropped while it was described.
std::optional<Object> object(const Row& row, std::string_view separator) {
  if (std::ranges::any_of(row, [](const auto& value) { return !value; })) return std::nullopt;
  std::vector<std::string> names;
  for (const std::string_view name : pieces(*row.at(1), separator)) names.push_back(escape(name, ".\\\t\n\r"));
  Object result{.kind = *row.at(0), .identity = join(names, "."), .properties = {}};
  const std::string_view body = *row.at(2);
  if (body.empty()) return result;
  for (const std::string_view property : pieces(body.substr(separator.size()), separator)) {
    const auto [key, value] = cut(property, '=');
    result.properties.emplace_back(key, value);
  }
  return result;
}

using Found = std::variant<Live, Unreadable>;

struct Look {
  Found found;
  bool still = false;  ///< nothing changed while it was taken
};

Look look(Connection& connection, const Reply& reply, Tally tally) {
  if (reply.results.size() != complete) throw QueryFailed{{.message = "an incomplete answer"}};
  const bool expected = tally.complete();
  const bool still = reply.results[before] == reply.results[after];
  Fingerprint found = still
                          ? Fingerprint{.everything = reply.results[everything].at(0).at(0).value_or(""), .lasting = {}}
                          : fingerprint(connection);
  return {Live{.objects = expected ? Description{} : std::move(tally).all(),
               .fingerprint = std::move(found),
               .expected = expected},
          still};
}

/// Made when first asked for.
class Expected {
 public:
  explicit Expected(std::function<const Description*()> make) : make_{std::move(make)} {}

  const Description* get() {
    if (const auto make = std::exchange(make_, {})) made_ = make();
    return made_;
  }

 private:
  std::function<const Description*()> make_;
  const Description* made_ = nullptr;
};

/// Neither busy nor cancelled when it was torn, and may be tried again.
Look read(Connection& connection, const Question& question, Expected& expected) {
  Tally tally;
  bool torn = false;
  const auto meanwhile = [&] { tally = Tally{expected.get()}; };
  const auto take = [&](const Row& row) {
    if (std::optional<Object> found = object(row, question.separator))
      tally.add(*std::move(found));
    else
      torn = true;
  };
  const Reply reply = connection.send(question.sql, {.meanwhile = meanwhile, .result = description, .take = take});
  if (!reply.error && torn) return {Unreadable{.why = "the schema is being changed"}};
  if (!reply.error) return look(connection, reply, std::move(tally));
  if (connection.transaction() == Transaction::failed) connection.rollback();
  const ServerMessage& error = *reply.error;
  if (!is_busy(error) && !is_cancelled(error) && !is_torn(error)) throw QueryFailed{error};
  return {Unreadable{.why = brief(error), .busy = is_busy(error), .cancelled = is_cancelled(error)}};
}

/// Whoever makes and drops tables in a schema that is not ours changes every fingerprint: what was described twice in a
/// row is believed as well, for this once.
bool is_settled(Found& found, const Found& earlier, const Fingerprint& known) {
  if (const auto* unreadable = std::get_if<Unreadable>(&found)) return unreadable->busy || unreadable->cancelled;
  Live& live = std::get<Live>(found);
  if (live.fingerprint.same_as(known)) return true;
  const auto* last = std::get_if<Live>(&earlier);
  if (last == nullptr || last->expected != live.expected || last->objects != live.objects) return false;
  live.fingerprint = {};
  return true;
}

Unreadable changing(const Found& found) {
  const auto* unreadable = std::get_if<Unreadable>(&found);
  return unreadable != nullptr ? *unreadable : Unreadable{.why = "the schema is being changed"};
}

Fingerprint fingerprint_of(const Found& found) {
  const auto* live = std::get_if<Live>(&found);
  return live != nullptr ? live->fingerprint : Fingerprint{};
}

}  // namespace

std::variant<Live, Unreadable> describe(Connection& connection, const Scope& scope, Known known) {
  const Question asked = question(connection, scope);
  Expected expected{std::move(known.expected)};
  Found earlier = Unreadable{};
  for (int tries = 1;; ++tries) {
    if (known.fingerprint.everything.empty()) known.fingerprint = fingerprint(connection);
    auto [found, still] = read(connection, asked, expected);
    if (still || is_settled(found, earlier, known.fingerprint)) return found;
    if (tries == most_tries) return changing(found);
    known.fingerprint = fingerprint_of(found);
    earlier = std::move(found);
    if (tries > 1) connection.wait().pause(between_tries);
  }
}

}  // namespace schemagate
