#include "schema/mark.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view intro = "schemagate verified this schema:";
/// Images of a rolling deployment take turns.
constexpr std::size_t most = 4;

}  // namespace

bool Mark::holds(const std::string& now, const std::string& name) const {
  return !now.empty() && now == fingerprint && std::ranges::find(names, name) != names.end();
}

Mark parse_mark(const std::string& comment) {
  if (!comment.starts_with(intro)) return {};
  Mark mark;
  for (const std::string_view word : split(std::string_view{comment}.substr(intro.size()), ' ')) {
    if (word.empty()) continue;
    if (mark.fingerprint.empty())
      mark.fingerprint = word;
    else
      mark.names.emplace_back(word);
  }
  return mark;
}

std::string text(const Mark& mark) { return fmt::format("{} {} {}", intro, mark.fingerprint, join(mark.names, " ")); }

Mark with(Mark mark, const std::string& fingerprint, const std::string& name) {
  if (mark.fingerprint != fingerprint) mark = {fingerprint, {}};
  std::erase(mark.names, name);
  mark.names.push_back(name);
  if (mark.names.size() > most) mark.names.erase(mark.names.begin());
  return mark;
}

bool write_mark(Connection& connection, const HistoryTable& table, const Mark& mark) {
  // Only an owner may; trying all the same would leave an error in the server's log at every start.
  const auto owner = connection.query(
      fmt::format("SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') FROM pg_class c JOIN pg_namespace n ON n.oid = "
                  "c.relnamespace WHERE n.nspname = {} AND c.relname = '_prisma_migrations' AND c.relkind = 'r'",
                  connection.literal(table.schema)));
  if (owner.empty() || owner[0].at(0) != "t") return false;
  // One message, so one transaction: LOCK without waiting is refused at once where another holds the table.
  const Reply reply = connection.send(fmt::format(
      "BEGIN; LOCK TABLE ONLY {0} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT; COMMENT ON TABLE {0} IS {1}; COMMIT",
      table.sql(), connection.literal(text(mark))));
  if (reply.error) connection.rollback();
  return !reply.error;
}

}  // namespace schemagate
