#include "database/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "database/values.hpp"
#include "mask.hpp"
#include "migrations/excerpt.hpp"
#include "text.hpp"

namespace schemagate {

namespace {

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

void rebase(ServerMessage& error, const Frame& frame, const std::string& script) {
  if (error.position == 0) return;
  const std::string_view whole = script;
  const std::size_t end = frame.prefix + characters(whole.substr(frame.begin, frame.end - frame.begin)) + 1;
  const bool ours = error.position > end || error.position <= frame.prefix;
  if (error.position > end) error.context = recording;
  error.position = ours ? 0 : error.position - frame.prefix + characters(whole.substr(0, frame.begin));
}

std::string details(const ServerMessage& error) {
  std::string text;
  for (const auto& [label, part] :
       {std::pair{"detail", error.detail}, std::pair{"hint", error.hint}, std::pair{"context", error.context}})
    if (!part.empty()) text += fmt::format("\n  {}: {}", label, indent(part, 4));
  return text;
}

std::string told(const Migration& migration, const ServerMessage& error) {
  const ServerMessage shown = about(error, statement_of(migration.script, error.position));
  return brief(shown) + details(shown);
}

std::string location(const Migration& migration, const ServerMessage& error) {
  if (error.position == 0) return migration.file;
  const Excerpt found = excerpt(migration.script, error.position);
  return fmt::format("{}:{}:{}\n{}", migration.file, found.line, found.column, found.lines);
}

std::string logs_text(const Migration& migration, const ServerMessage& error) {
  return masked(told(migration, error) + "\n" + location(migration, error));
}

std::string advice(const ServerMessage& error, const std::string& name) {
  if (error.sqlstate == "25001")
    return fmt::format(
        "put the statement that cannot run in a transaction into a migration of its own, and ship {} in "
        "a new image",
        name);
  if (error.message.starts_with("COPY from stdin failed"))
    return fmt::format("write the rows of {} as INSERT (pg_dump --inserts), and ship it in a new image", name);
  if (error.message.ends_with(R"(at or near "\")"))
    return fmt::format(
        "take the lines of {} that begin with a backslash out: psql understands them, the server does not; "
        "and ship it in a new image",
        name);
  if (error.sqlstate == "25006")
    return fmt::format(
        "if {} makes its transaction read-only, leave that out and ship it in a new image; if the server "
        "became a standby, start again when it accepts writes",
        name);
  if (error.sqlstate == "42501")
    return fmt::format(
        "give the role the right that the error names, or set SCHEMAGATE_DATABASE_URL to a role that has "
        "it, and start again");
  return fmt::format("ship a corrected {} in a new image; it will simply be applied", name);
}

std::string apart_advice(const Migration& migration, const Script& script, Grain grain) {
  return fmt::format(
      "put line {} of {} into a migration of its own, and ship both in a new image: taken apart, {} at line {} would "
      "mean "
      "something else",
      line_of(migration, script.divider(grain)->begin), migration.name, script.bound()->bound,
      line_of(migration, script.bound()->begin));
}

std::string kept_advice(const std::string& name) {
  return fmt::format(
      "look at the schema (a failed CREATE INDEX CONCURRENTLY leaves an INVALID index: drop it), then say "
      "which it is:\n"
      "  nothing of it is there:  schemagate resolve --rolled-back {0}\n"
      "  all of it is there:      schemagate resolve --applied {0}",
      name);
}

}  // namespace schemagate
