#include "check/ignore.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "text.hpp"

namespace schemagate {
namespace {

using Paths = std::set<std::string>;

/// A .dockerignore, and what Docker's builders made of it.
struct Case {
  std::string name;
  std::string file;
  std::map<Builder, Paths> present;  ///< without an entry, the builder refused
};

struct Table {
  Paths tree;
  std::vector<Case> cases;
};

/// The lines are written for printf's %b.
std::string unescaped(std::string text) {
  const std::map<std::string, std::string> meanings{
      {"\\\\", "\\"}, {"\\r", "\r"}, {"\\xef", "\xef"}, {"\\xbb", "\xbb"}, {"\\xbf", "\xbf"}};
  for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at + 1)) {
    const std::string key = text.substr(at, text[at + 1] == 'x' ? 4 : 2);
    text.replace(at, key.size(), meanings.at(key));
  }
  return text;
}

std::vector<Builder> builders(std::string_view word) {
  if (word == "both") return {Builder::buildkit, Builder::classic};
  return {word == "classic" ? Builder::classic : Builder::buildkit};
}

/// tests/docker/ignore says what a table looks like.
class Reader {
 public:
  void read(const std::string& line) {
    const std::string rest = line.size() > 2 ? line.substr(2) : "";
    if (line.starts_with("tree ")) table.tree.insert(line.substr(5));
    if (line.starts_with("case ")) table.cases.push_back({line.substr(5), "", {}});
    if (line.starts_with("case ")) heading_.clear();
    if (line.starts_with("| ")) table.cases.back().file += unescaped(rest) + "\n";
    if (line.starts_with("both") || line.starts_with("buildkit") || line.starts_with("classic")) heading(line);
    for (const Builder builder : heading_) file(builder, line, rest);
  }
  Table table;

 private:
  void heading(const std::string& line) {
    heading_ = line.ends_with(" refuses") ? std::vector<Builder>{} : builders(line);
    for (const Builder builder : heading_) table.cases.back().present[builder] = table.tree;
    bare_ = true;
  }
  void file(Builder builder, const std::string& line, const std::string& path) {
    Paths& present = table.cases.back().present[builder];
    if (line.starts_with("+ ") && bare_ && builder == heading_.front())
      for (const Builder each : heading_) table.cases.back().present[each].clear();
    if (line.starts_with("+ ")) bare_ = false;
    if (line.starts_with("+ ")) present.insert(path);
    if (line.starts_with("- ")) present.erase(path);
  }

  std::vector<Builder> heading_;
  bool bare_ = true;
};

Table table() {
  const char* other = std::getenv("SCHEMAGATE_IGNORE_TABLE");
  std::ifstream stream{other == nullptr ? SCHEMAGATE_SOURCE "/tests/docker/ignore.table" : other};
  Reader reader;
  for (std::string line; std::getline(stream, line);) reader.read(line);
  return reader.table;
}

Paths present(const std::string& file, const Paths& tree, Builder builder) {
  const IgnoreFile lines = read_ignore(file);
  Paths result;
  for (const std::string& path : tree)
    if (!left_out(lines, path, builder)) result.insert(path);
  return result;
}

/// 0 when it is no pattern that Docker refuses.
std::size_t bad_line(const std::string& file) {
  try {
    (void)read_ignore(file);
    return 0;
  } catch (const BadIgnore& bad) {
    return bad.line;
  }
}

std::string joined(const Paths& paths) { return join({paths.begin(), paths.end()}, "\n"); }

}  // namespace

TEST_SUITE("ignore") {
  TEST_CASE("a build context is what Docker's builders made of it") {
    const Table asked = table();
    REQUIRE(asked.cases.size() >= 80);
    REQUIRE(asked.tree.size() >= 25);
    for (const Case& one : asked.cases) {
      INFO(one.name);
      CHECK((bad_line(one.file) != 0) == one.present.empty());
      for (const auto& [builder, paths] : one.present) {
        const std::string name = builder == Builder::buildkit ? "BuildKit" : "classic";
        INFO(name);
        CHECK(joined(present(one.file, asked.tree, builder)) == joined(paths));
      }
    }
  }

  TEST_CASE("the line that leaves a file out is known, and a bad line too") {
    const IgnoreFile lines = read_ignore("# all\n*\n\n!prisma\nprisma/migrations/1_*\n");

    CHECK(left_out(lines, "README.md", Builder::buildkit) == 2);
    CHECK(left_out(lines, "prisma/schema.prisma", Builder::buildkit) == std::nullopt);
    CHECK(left_out(lines, "prisma/migrations/1_a/migration.sql", Builder::buildkit) == 5);
    CHECK(bad_line("a\n\n!\n") == 3);
  }
}

}  // namespace schemagate
