#include "schema/same.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string_view>

#include "schema/tokens.hpp"

namespace schemagate {
namespace {

bool has_any(std::span<const Node> nodes, std::initializer_list<std::string_view> tokens) {
  return std::ranges::any_of(nodes, [&](const Node& node) {
    return std::ranges::any_of(tokens, [&](std::string_view token) { return is(node, token); });
  });
}

// --- `((a AND b) AND c)` is `(a AND b AND c)`.

/// A list of conditions and nothing else: its operands may stand in a list of the same kind without parentheses.
bool is_list(const Nodes& nodes, std::string_view word) {
  if (has_any(nodes, {",", ";", "SELECT", "VALUES", "WITH", "TABLE", "BETWEEN"})) return false;
  return has_any(nodes, {word}) && (word == "OR" || !has_any(nodes, {"OR"}));
}

void flatten(Nodes& nodes, std::string_view word) {
  if (!has_any(nodes, {word}) || has_any(nodes, {"BETWEEN"})) return;
  Nodes result;
  for (const Nodes& operand : split(nodes, word)) {
    if (!result.empty()) result.push_back({.text = std::string{word}});
    const bool nested = operand.size() == 1 && is_group(operand[0], "(") && is_list(operand[0].inner, word);
    std::ranges::copy(nested ? operand[0].inner : operand, std::back_inserter(result));
  }
  nodes = std::move(result);
}

// --- `(ARRAY['a'::varchar])::text[]` is `ARRAY[('a'::varchar)::text]`, for elements that are no arrays themselves.

bool is_word(const Node& node) {
  if (node.group) return false;
  const auto first = static_cast<unsigned char>(node.text[0]);
  return std::isalpha(first) != 0 || first == '_' || first == '"' || first >= 0x80;
}

/// How many nodes a type's name has: `timestamp(3) without time zone`, `public."Mood"`.
std::size_t type_length(std::span<const Node> nodes) {
  const auto end = std::ranges::find_if_not(
      nodes, [](const Node& node) { return is_word(node) || is(node, ".") || is_group(node, "("); });
  return static_cast<std::size_t>(end - nodes.begin());
}

bool is_brackets(const Node& node) { return is_group(node, "[") && node.inner.empty(); }

bool is_number(const Node& node) { return !node.group && std::isdigit(static_cast<unsigned char>(node.text[0])) != 0; }

/// A constant, or something cast to a type that is no array.
bool is_scalar(const Nodes& element) {
  if (element.size() == 1) return is_number(element[0]) || element[0].text.starts_with('\'');
  if (element.size() < 3 || !is(element[1], "::")) return false;
  return type_length(std::span{element}.subspan(2)) == element.size() - 2;
}

bool is_array(const Node& node) {
  return is_group(node, "(") && node.inner.size() == 2 && is(node.inner[0], "ARRAY") && is_group(node.inner[1], "[");
}

/// How many nodes from here are an array and its cast; 0 when they are not, or when the cast cannot be distributed.
std::size_t cast_length(std::span<const Node> nodes) {
  if (nodes.size() < 4 || !is_array(nodes[0]) || !is(nodes[1], "::")) return 0;
  const std::size_t end = 2 + type_length(nodes.subspan(2));
  if (end == 2 || end >= nodes.size() || !is_brackets(nodes[end])) return 0;
  if (end + 1 < nodes.size() && is_brackets(nodes[end + 1])) return 0;
  return std::ranges::all_of(split(nodes[0].inner[1].inner, ","), is_scalar) ? end + 1 : 0;
}

/// `ARRAY[(element)::type, …]`.
Nodes distributed(std::span<const Node> cast) {
  const std::span<const Node> type = cast.subspan(1, cast.size() - 2);
  Node elements{.text = "[", .group = true};
  for (const Nodes& element : split(cast[0].inner[1].inner, ",")) {
    if (!elements.inner.empty()) elements.inner.push_back({.text = ","});
    elements.inner.push_back({.text = "(", .group = true, .inner = element});
    std::ranges::copy(type, std::back_inserter(elements.inner));
  }
  return {{.text = "ARRAY"}, elements};
}

void distribute(Nodes& nodes) {
  Nodes result;
  for (std::span<const Node> rest{nodes}; !rest.empty();) {
    const std::size_t length = cast_length(rest);
    const Nodes next = length == 0 ? Nodes{rest[0]} : distributed(rest.first(length));
    std::ranges::copy(next, std::back_inserter(result));
    rest = rest.subspan(std::max<std::size_t>(length, 1));
  }
  nodes = std::move(result);
}

void normalise(Nodes& nodes) {
  for (Node& node : nodes) {
    if (!node.group) continue;
    normalise(node.inner);
    if (node.text != "(") continue;
    flatten(node.inner, "AND");
    flatten(node.inner, "OR");
  }
  distribute(nodes);
}

// --- `SELECT t.id FROM s.t` is `SELECT id FROM s.t`.

std::size_t position(std::span<const Node> nodes, std::initializer_list<std::string_view> tokens) {
  const auto found = std::ranges::find_if(nodes, [&](const Node& node) { return has_any({&node, 1}, tokens); });
  return static_cast<std::size_t>(found - nodes.begin());
}

/// The name by which a FROM clause's only relation goes; empty when there are more.
std::string only_name(std::span<const Node> from) {
  if (has_any(from, {",", "JOIN"})) return {};
  from = from.first(position(from, {"TABLESAMPLE"}));
  if (from.empty()) return {};
  // Names of columns may follow: `generate_series(1, 3) n(i)`.
  if (from.back().group) from = from.first(from.size() - 1);
  return from.empty() || from.back().group ? std::string{} : from.back().text;
}

/// Where ORDER BY and DISTINCT ON find a name, it is first of all one of the query's own columns.
std::vector<std::string> column_names(std::span<const Node> select) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < select.size(); ++i)
    if (is(select[i - 1], "AS")) names.push_back(select[i].text);
  return names;
}

class Qualifier {
 public:
  explicit Qualifier(std::string relation) : relation_{std::move(relation)} {}
  void keep(std::vector<std::string> names) { kept_ = std::move(names); }

  /// Drops it before columns; a subquery has a FROM clause of its own and keeps it.
  [[nodiscard]] Nodes dropped(std::span<const Node> nodes) const {
    Nodes result;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (is_column(nodes, i)) i += 2;
      result.push_back(nodes[i]);
      Nodes& inner = result.back().inner;
      if (!has_any(inner, {"SELECT", "VALUES", "WITH"})) inner = dropped(inner);
    }
    return result;
  }

 private:
  [[nodiscard]] bool is_column(std::span<const Node> nodes, std::size_t at) const {
    if (nodes.size() - at < 3 || !is(nodes[at], relation_) || !is(nodes[at + 1], ".") || !is_word(nodes[at + 2]))
      return false;
    const bool called = nodes.size() - at > 3 && is_group(nodes[at + 3], "(");
    if (called || std::ranges::find(kept_, nodes[at + 2].text) != kept_.end()) return false;
    return at == 0 || !has_any(nodes.subspan(at - 1, 1), {".", "::", "COLLATE"});
  }

  std::string relation_;
  std::vector<std::string> kept_;
};

void append(Nodes& nodes, const Nodes& more) { std::ranges::copy(more, std::back_inserter(nodes)); }

/// Of the outermost query only: PostgreSQL qualifies names in subqueries always.
Nodes without_qualifier(const Nodes& nodes) {
  const std::span<const Node> all{nodes};
  const std::size_t from = position(all, {"FROM"});
  if (from == all.size() || has_any(all, {"UNION", "INTERSECT", "EXCEPT"})) return nodes;
  const std::span<const Node> rest = all.subspan(from + 1);
  const std::size_t clause =
      position(rest, {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", ";"});
  const std::string relation = only_name(rest.first(clause));
  if (relation.empty()) return nodes;
  const std::size_t order = std::max(position(rest, {"ORDER"}), clause);
  Qualifier qualifier{relation};
  const std::vector<std::string> names = column_names(all.first(from));

  const bool distinct_on = position(all, {"DISTINCT"}) + 1 == position(all, {"ON"});
  if (distinct_on) qualifier.keep(names);
  Nodes result = qualifier.dropped(all.first(from + 1));
  append(result, {rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(clause)});
  qualifier.keep({});
  append(result, qualifier.dropped(rest.subspan(clause, order - clause)));
  qualifier.keep(names);
  append(result, qualifier.dropped(rest.subspan(order)));
  return result;
}

std::optional<Nodes> meaning(const std::string& kind, const std::string& sql) {
  auto nodes = read_tokens(sql);
  if (!nodes) return nodes;
  normalise(*nodes);
  if (kind == "view" || kind == "matview") return without_qualifier(*nodes);
  return nodes;
}

}  // namespace

bool same_sql(const std::string& kind, const std::string& left, const std::string& right) {
  if (left == right) return true;
  const auto one = meaning(kind, left);
  return one && one == meaning(kind, right);
}

}  // namespace schemagate
