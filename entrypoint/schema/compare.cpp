#include "schema/compare.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "schema/moved.hpp"
#include "schema/rules.hpp"
#include "schema/same.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::array<std::string_view, 5> relations{"table", "foreigntable", "view", "matview", "composite"};

bool is_relation(std::string_view kind) { return std::ranges::find(relations, kind) != relations.end(); }

/// Calls with the identity and with every part of it that ends before a dot.
template <typename Predicate>
bool any_level(std::string_view identity, Predicate predicate) {
  for (; !identity.empty(); identity = parent(identity))
    if (predicate(identity)) return true;
  return false;
}

/// What an object is inside of without its identity saying so.
std::string_view outside(const Object& object) {
  if (object.kind == "index") return object.property("table").value_or("");
  if (object.kind != "sequence") return {};
  return object.property("owned").value_or(object.property("identity").value_or(""));
}

bool ignored(const Object& object, const std::vector<std::string>& patterns) {
  const auto matches = [&](std::string_view part) {
    return std::ranges::any_of(patterns, [text = std::string{part}](const std::string& pattern) {
      return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
    });
  };
  return any_level(object.identity, matches) || any_level(outside(object), matches);
}

/// A migration that was checked out with CRLF leaves function bodies and comments in views with CRLF.
void drop_returns(Object& object) {
  for (auto& [key, value] : object.properties)
    for (std::size_t at = value.find("\r\n"); at != std::string::npos; at = value.find("\r\n", at)) value.erase(at, 1);
}

void keep_wanted(Description& objects, const std::vector<std::string>& patterns) {
  if (!patterns.empty()) std::erase_if(objects, [&](const Object& object) { return ignored(object, patterns); });
  std::ranges::for_each(objects, drop_returns);
  sort(objects);
}

bool is_column(std::string_view kind) { return kind == "column" || kind == "viewcolumn" || kind == "attribute"; }

/// A relation of another kind under the same name: on the live side it becomes one of the expected kind, so that what
/// the program needs of it, columns and their types, is compared.
class Alignment {
 public:
  Alignment(Description& expected, Description& live) : expected_{expected}, live_{live} {}

  void align() {
    for (const Object& object : expected_)
      if (is_relation(object.kind)) note(object);
    if (other_.empty()) return;
    std::erase_if(expected_, [this](const Object& object) { return is_dropped(object); });
    std::erase_if(live_, [this](const Object& object) { return is_dropped(object); });
    for (Object& object : live_) adopt(object);
    sort(live_);
  }

 private:
  void note(const Object& object) {
    for (const std::string_view kind : relations)
      if (kind != object.kind && find(live_, kind, object.identity) != nullptr) other_.insert(object.identity);
  }

  [[nodiscard]] bool is_dropped(const Object& object) const {
    if (is_relation(object.kind) || is_column(object.kind)) return false;
    const auto is_other = [this](std::string_view part) { return other_.contains(part); };
    return any_level(object.identity, is_other) || any_level(outside(object), is_other);
  }

  /// Takes over the properties that a relation of its kind cannot have.
  void adopt(Object& object) {
    const bool column = is_column(object.kind);
    if (!column && !is_relation(object.kind)) return;
    if (!other_.contains(column ? parent(object.identity) : std::string_view{object.identity})) return;
    const auto same = std::ranges::find_if(expected_, [&](const Object& other) {
      return other.identity == object.identity && (column ? is_column(other.kind) : is_relation(other.kind));
    });
    if (same == expected_.end()) return;
    const std::string marked = column ? "type" : "kind";
    const std::string value{column ? object.property("type").value_or("") : std::string_view{object.kind}};
    const bool updatable = object.property("updatable").has_value();
    object = *same;
    std::erase_if(object.properties,
                  [&](const auto& property) { return property.first == marked || property.first == "updatable"; });
    object.properties.emplace_back(marked, value);
    if (updatable) object.properties.emplace_back("updatable", "");
  }

  Description& expected_;
  Description& live_;
  std::set<std::string, std::less<>> other_;
};

/// One object on both sides; null where it is not.
struct Pair {
  const Object* expected = nullptr;
  const Object* live = nullptr;
};

std::pair<std::string_view, std::string_view> key(const Object& object) { return {object.kind, object.identity}; }

struct Walk {
  Description::const_iterator at;
  Description::const_iterator end;

  [[nodiscard]] bool empty() const { return at == end; }
  [[nodiscard]] const Object& front() const { return *at; }
};

/// Takes the next object of the two sides, which are sorted.
Pair next_pair(Walk& expected, Walk& live) {
  const bool of_live = expected.empty() || (!live.empty() && key(live.front()) <= key(expected.front()));
  const bool of_expected = live.empty() || (!expected.empty() && key(expected.front()) <= key(live.front()));
  const Pair pair{of_expected ? &expected.front() : nullptr, of_live ? &live.front() : nullptr};
  if (of_expected) ++expected.at;
  if (of_live) ++live.at;
  return pair;
}

std::vector<Pair> differing_pairs(const Sides& sides) {
  std::vector<Pair> pairs;
  Walk expected{sides.expected.begin(), sides.expected.end()};
  Walk live{sides.live.begin(), sides.live.end()};
  while (!expected.empty() || !live.empty()) {
    const Pair pair = next_pair(expected, live);
    if (pair.expected == nullptr || pair.live == nullptr || *pair.expected != *pair.live) pairs.push_back(pair);
  }
  return pairs;
}

std::string properties(const Object& object) {
  std::vector<std::string> words;
  for (const auto& [key, value] : object.properties)
    words.push_back(value.empty() ? key : fmt::format("{}={}", key, value));
  return join(words, " ");
}

/// Identities of what tells about everything in it: of what is on one side only, and of columns that are numbered by an
/// identity on one side only.
struct Gone {
  std::set<std::string, std::less<>> containers;
  std::set<std::string, std::less<>> columns;
  std::set<std::string, std::less<>> numbered;
  std::set<std::string, std::less<>> constraints;
  std::set<std::string, std::less<>> extensions;
};

void note(const Object& object, Gone& gone) {
  if (object.kind == "schema" || is_relation(object.kind)) gone.containers.insert(object.identity);
  if (is_column(object.kind)) gone.columns.insert(object.identity);
  if (object.kind == "constraint") gone.constraints.insert(object.identity);
  if (object.kind == "extension") gone.extensions.insert(object.identity);
}

bool has_gone_column(std::string_view table, const Gone& gone) {
  const std::string prefix = std::string{table} + ".";
  const auto next = gone.columns.lower_bound(prefix);
  return next != gone.columns.end() && next->starts_with(prefix);
}

bool index_follows(const Object& index, const Gone& gone) {
  const std::string table{index.property("table").value_or("")};
  return gone.constraints.contains(table + "." + std::string{leaf(index.identity)});
}

/// A sequence that is missing while its column is not, is one that somebody may have named.
bool sequence_follows(const Pair& pair, const Gone& gone) {
  const std::string_view column = outside(pair.expected == nullptr ? *pair.live : *pair.expected);
  return gone.columns.contains(column) || (pair.expected == nullptr && gone.numbered.contains(column));
}

bool is_within(const Object& object, const Gone& gone) {
  const auto is_gone = [&](std::string_view part) { return gone.containers.contains(part); };
  const bool about = object.kind == "colorder" || object.kind == "inherits";
  return any_level(about ? std::string_view{object.identity} : parent(object.identity), is_gone) ||
         any_level(outside(object), is_gone);
}

/// Whether a finding about what this object is inside of tells about it already.
bool follows(const Pair& pair, const Gone& gone) {
  const Object& object = pair.expected == nullptr ? *pair.live : *pair.expected;
  const bool both = pair.expected != nullptr && pair.live != nullptr;
  if (is_within(object, gone)) return true;
  // One that became a constraint's may have been another one.
  if (object.kind == "index") return index_follows(object, gone) && (!both || object.property("constraint"));
  if (object.kind == "sequence") return !both && sequence_follows(pair, gone);
  if (object.kind == "fkdisabled") return gone.constraints.contains(object.identity);
  if (object.kind == "extversion") return gone.extensions.contains(object.identity);
  return false;
}

bool is_sql(std::string_view property) {
  static constexpr std::array<std::string_view, 6> texts{"def", "default", "stored", "virtual", "using", "check"};
  return property.starts_with("check ") || std::ranges::find(texts, property) != texts.end();
}

/// A flag's value is its name.
std::string value_of(const Object& object, std::string_view property) {
  const auto value = object.property(property);
  if (!value) return {};
  return std::string{value->empty() ? property : *value};
}

bool same_value(const Object& expected, const Object& live, const std::string& property) {
  const auto before = expected.property(property);
  const auto after = live.property(property);
  if (before == after) return true;
  return before && after && is_sql(property) && same_sql(expected.kind, std::string{*before}, std::string{*after});
}

/// In the order of the description, those of the expected object first.
std::vector<std::string> differing(const Object& expected, const Object& live) {
  std::vector<std::string> result;
  for (const Object* object : {&expected, &live})
    for (const auto& [key, value] : object->properties)
      if (std::ranges::find(result, key) == result.end() && !same_value(expected, live, key)) result.push_back(key);
  return result;
}

bool has(const std::vector<std::string>& keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

/// What another property of the same column or index tells already: a generated column has no default, a table's
/// index has no definition of its own while it belongs to a constraint.
bool implied(const std::string& key, const std::vector<std::string>& keys) {
  if (key == "updatable") return has(keys, "kind");
  if (key == "default") return has(keys, "stored") || has(keys, "virtual") || has(keys, "identity");
  if (key == "virtual") return has(keys, "stored");
  if (key == "constraint") return has(keys, "def");
  return false;
}

class Comparing {
 public:
  Comparing(const Sides& sides, const Comparison& comparison) : sides_{sides}, comparison_{comparison} {}

  std::vector<Finding> findings() {
    const std::vector<Pair> pairs = differing_pairs(sides_);
    for (const Pair& pair : pairs) note_gone(pair);
    for (const Pair& pair : pairs) add(pair);
    std::ranges::stable_sort(findings_, {},
                             [](const Finding& one) { return std::tie(one.level, one.kind, one.identity); });
    return std::move(findings_);
  }

 private:
  void note_gone(const Pair& pair) {
    if (pair.expected == nullptr || pair.live == nullptr)
      note(pair.expected == nullptr ? *pair.live : *pair.expected, gone_);
    else if (pair.expected->kind == "column" &&
             pair.expected->property("identity").has_value() != pair.live->property("identity").has_value())
      gone_.numbered.insert(pair.expected->identity);
  }

  void add(const Pair& pair) {
    const Object& object = pair.expected == nullptr ? *pair.live : *pair.expected;
    if (follows(pair, gone_)) return;
    if (pair.live == nullptr)
      add(object, Change::missing, {}, properties(object), {}, missing(object, sides_));
    else if (pair.expected == nullptr)
      add(object, Change::extra, {}, {}, properties(object), extra(object, sides_));
    else
      add_changes(*pair.expected, *pair.live);
  }

  void add_changes(const Object& expected, const Object& live) {
    const std::vector<std::string> keys = differing(expected, live);
    for (const std::string& key : keys) {
      const Meaning meaning = changed(expected, live, key, sides_);
      if (!implied(key, keys) && !(meaning.level == Level::harmless && is_told(expected)))
        add(expected, Change::changed, key, key == "kind" ? expected.kind : value_of(expected, key),
            value_of(live, key), meaning);
    }
  }

  /// Whether a harmless change comes with another finding.
  [[nodiscard]] bool is_told(const Object& object) const {
    if (object.kind == "colorder") return has_gone_column(object.identity, gone_);
    if (object.kind == "index") return index_follows(object, gone_);
    return object.kind == "sequence" && gone_.numbered.contains(outside(object));
  }

  void add(const Object& object, Change change, const std::string& property, const std::string& expected,
           const std::string& found, const Meaning& meaning) {
    findings_.push_back({.level = meaning.level,
                         .change = change,
                         .kind = object.kind,
                         .identity = object.identity,
                         .property = property,
                         .expected = expected,
                         .found = found,
                         .reason = meaning.reason + majors(change, property, meaning),
                         .sqlstate = meaning.sqlstate});
  }

  /// Majors deparse alike but for what same_sql() knows; should there be more, this is the hint.
  [[nodiscard]] std::string majors(Change change, const std::string& property, const Meaning& meaning) const {
    const bool text = change == Change::changed && is_sql(property) && meaning.level != Level::harmless;
    if (!text || comparison_.expected_major == comparison_.live_major) return {};
    return fmt::format(" (snapshot of PostgreSQL {}, server {}: perhaps only spelled differently)",
                       comparison_.expected_major, comparison_.live_major);
  }

  Sides sides_;
  const Comparison& comparison_;
  Gone gone_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> compare(Description expected, Description live, const Comparison& comparison) {
  keep_wanted(expected, comparison.ignore);
  keep_wanted(live, comparison.ignore);
  align_extensions(expected, live);
  Alignment{expected, live}.align();
  return Comparing{{expected, live}, comparison}.findings();
}

const char* name(Level level) {
  switch (level) {
    case Level::breaking:
      return "breaking";
    case Level::risky:
      return "risky";
    default:
      return "harmless";
  }
}

const char* name(Change change) {
  switch (change) {
    case Change::missing:
      return "missing";
    case Change::extra:
      return "extra";
    default:
      return "changed";
  }
}

}  // namespace schemagate
