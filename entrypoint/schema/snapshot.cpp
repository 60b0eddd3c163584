#include "schema/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "migrations/checksum.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view format_line = "# schemagate snapshot ";
constexpr std::string_view server_line = "# server ";
constexpr std::string_view schema_line = "# schema ";
constexpr std::string_view version = "1";
constexpr std::string_view end_line = "# end";

std::string escaped(std::string_view value) { return escape(value, "\\\t\n\r"); }
std::string escaped_key(std::string_view key) { return escape(key, "\\\t\n\r=:"); }

/// Git may turn the ends of these lines into CRLF and back: a return of the value itself must not look like one.
std::string in_lines(std::string_view value) {
  std::string result;
  for (const std::string_view line : split(value, '\n')) result += "\t" + escape(line, "\\\r") + "\n";
  return result;
}

/// The property that gets lines of its own: at most one.
std::optional<std::string> with_lines(const Object& object) {
  if (contains(object.property("def").value_or(""), '\n')) return "def";
  for (const auto& [key, value] : object.properties)
    if (contains(value, '\n') && !key.empty()) return key;
  return std::nullopt;
}

std::string field(const std::string& key, const std::string& value) {
  return "\t" + escaped_key(key) + (value.empty() ? "" : "=" + escaped(value));
}

std::string written(const Object& object) {
  std::optional<std::string> own = with_lines(object);
  std::string line = object.kind + "\t" + object.identity;
  std::string lines;
  for (const auto& [key, value] : object.properties)
    if (own == key) {
      line += "\t" + escaped_key(key) + ":";
      lines = in_lines(value);
      own.reset();
    } else {
      line += field(key, value);
    }
  return line + "\n" + lines;
}

/// Walks over the lines of a file.
class Reader {
 public:
  explicit Reader(std::string_view text) : lines_{split(text, '\n')} {
    if (lines_.back().empty()) lines_.pop_back();
    for (std::string_view& line : lines_)
      if (line.ends_with('\r')) line.remove_suffix(1);
  }

  [[nodiscard]] bool begins(std::string_view prefix) const {
    return at_ < lines_.size() && lines_[at_].starts_with(prefix);
  }
  [[nodiscard]] bool at_end() const { return !ended() && lines_[at_] == end_line; }
  [[nodiscard]] bool ended() const { return at_ == lines_.size(); }
  std::string_view next() { return lines_.at(at_++); }

  /// What follows the prefix, which the next line must begin with.
  std::string_view after(std::string_view prefix) {
    if (!begins(prefix)) refuse_next(fmt::format("this is not a snapshot: \"{}\" is missing", prefix));
    return next().substr(prefix.size());
  }
  /// About the line that was read last.
  [[noreturn]] void refuse(const std::string& what) const { throw BadSnapshot{at_, what}; }
  [[noreturn]] void refuse_next(const std::string& what) const { throw BadSnapshot{at_ + 1, what}; }

 private:
  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
};

void refuse_conflict(const Reader& reader) {
  static constexpr std::array<std::string_view, 4> marks{"<<<<<<<", "=======", ">>>>>>>", "|||||||"};
  for (const std::string_view mark : marks)
    if (reader.begins(mark)) reader.refuse_next("a merge conflict: make the snapshot again from the merged migrations");
}

void read_facts(Reader& reader, Snapshot& snapshot) {
  refuse_conflict(reader);
  if (const std::string found{reader.after(format_line)}; found != version)
    reader.refuse(fmt::format("the snapshot has format {}, and this schemagate reads format {}", found, version));
  const auto major = whole_number(reader.after(server_line));
  if (!major || *major <= 0) reader.refuse("the server's major version is not a number");
  snapshot.major = *major;
  snapshot.schema = unescape(reader.after(schema_line));
}

void read_migration(Reader& reader, Snapshot& snapshot) {
  const std::vector<std::string_view> fields = split(reader.next(), '\t');
  if (fields.size() != 3 || fields[1].empty() || fields[2].empty()) reader.refuse("a migration without its checksum");
  snapshot.migrations.emplace_back(unescape(fields[1]), std::string{fields[2]});
}

std::string read_lines(Reader& reader) {
  if (!reader.begins("\t")) reader.refuse("the lines of the definition are missing");
  std::string value = unescape(reader.next().substr(1));
  while (reader.begins("\t")) value += "\n" + unescape(reader.next().substr(1));
  return value;
}

/// The property whose value stands on the following lines: `def:`, and no `=`.
std::string* announced(Object& object, std::string_view line) {
  const std::vector<std::string_view> fields = split(line, '\t');
  for (std::size_t i = 2; i < fields.size(); ++i) {
    if (find_bare(fields[i], '=') != std::string_view::npos) continue;
    if (!fields[i].ends_with(':') || find_bare(fields[i], ':') + 1 != fields[i].size()) continue;
    auto& [key, value] = object.properties.at(i - 2);
    key.pop_back();
    return &value;
  }
  return nullptr;
}

void read_object(Reader& reader, Snapshot& snapshot) {
  const std::string_view line = reader.next();
  Object object = parse_object(line);
  if (object.kind.empty() || object.identity.empty() || object.kind.starts_with('#'))
    reader.refuse("this is not an object of a schema");
  const auto key = [](const Object& one) { return std::tie(one.kind, one.identity); };
  if (!snapshot.objects.empty() && key(snapshot.objects.back()) >= key(object))
    reader.refuse("the objects are not in order: make the snapshot again instead of editing it");
  if (std::string* value = announced(object, line)) *value = read_lines(reader);
  snapshot.objects.push_back(std::move(object));
}

void read_objects(Reader& reader, Snapshot& snapshot) {
  while (!reader.at_end()) {
    if (reader.ended()) reader.refuse_next(fmt::format("the snapshot is cut off: its last line is \"{}\"", end_line));
    refuse_conflict(reader);
    read_object(reader, snapshot);
  }
  reader.next();
  refuse_conflict(reader);
  if (!reader.ended()) reader.refuse_next("something follows the snapshot's last line");
  if (schemas(snapshot).empty()) reader.refuse("the snapshot describes no schema: make it again");
}

Snapshot read_beginning(Reader& reader) {
  Snapshot snapshot;
  read_facts(reader, snapshot);
  while (reader.begins("migration\t")) read_migration(reader, snapshot);
  return snapshot;
}

bool is_complete(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text.ends_with(end_line);
}

/// Where the first line begins that is no fact and no migration.
std::size_t objects_at(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && (text.substr(at).starts_with('#') || text.substr(at).starts_with("migration\t"))) {
    const std::size_t end = text.find('\n', at);
    at = end == std::string_view::npos ? text.size() : end + 1;
  }
  return at;
}

}  // namespace

std::string write_snapshot(const Snapshot& snapshot) {
  std::string text = fmt::format("{}{}\n{}{}\n{}{}\n", format_line, version, server_line, snapshot.major, schema_line,
                                 escaped(snapshot.schema));
  for (const auto& [name, checksum] : snapshot.migrations)
    text += fmt::format("migration\t{}\t{}\n", escaped(name), checksum);
  for (const Object& object : snapshot.objects) text += written(object);
  return text + std::string{end_line} + "\n";
}

Snapshot read_snapshot(std::string_view text) {
  Reader reader{text};
  Snapshot snapshot = read_beginning(reader);
  read_objects(reader, snapshot);
  return snapshot;
}

Snapshot read_head(std::string_view text) {
  // What is wrong with such a file, and where, only reading all of it tells.
  if (!is_complete(text)) return read_snapshot(text);
  Reader reader{text.substr(0, objects_at(text))};
  return read_beginning(reader);
}

std::vector<std::string> schemas(const Snapshot& snapshot) {
  std::vector<std::string> result;
  for (const Object& object : snapshot.objects)
    if (object.kind == "schema") result.push_back(names(object.identity).front());
  return result;
}

std::vector<std::string> schemas(std::string_view text) {
  static constexpr std::string_view begin = "\nschema\t";
  std::vector<std::string> result;
  for (std::size_t at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at + 1)) {
    std::string_view line = cut(text.substr(at + 1), '\n').first;
    if (line.ends_with('\r')) line.remove_suffix(1);
    result.push_back(names(parse_object(line).identity).front());
  }
  return result;
}

std::vector<std::string> lost(const Snapshot& snapshot, const std::vector<Migration>& migrations) {
  std::vector<std::string> result;
  for (const auto& known : snapshot.migrations) {
    const auto is_it = [&](const Migration& migration) {
      return migration.name == known.first || migration.checksum == known.second ||
             matches(migration.script, known.second);
    };
    if (std::ranges::none_of(migrations, is_it)) result.push_back(known.first);
  }
  return result;
}

std::vector<std::string> contradictions(const Snapshot& snapshot, const std::vector<Migration>& migrations) {
  std::vector<std::string> result;
  for (const Migration& migration : migrations) {
    const auto known =
        std::ranges::find(snapshot.migrations, migration.name, [](const auto& one) { return one.first; });
    if (known == snapshot.migrations.end())
      result.push_back(fmt::format("{} is not in the snapshot", migration.name));
    else if (migration.checksum != known->second && !matches(migration.script, known->second))
      result.push_back(fmt::format("{} was edited after the snapshot was made", migration.name));
  }
  for (const auto& [name, checksum] : snapshot.migrations)
    if (std::ranges::find(migrations, name, &Migration::name) == migrations.end())
      result.push_back(fmt::format("{} is in the snapshot, but not in the folder", name));
  return result;
}

}  // namespace schemagate
