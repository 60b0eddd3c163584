#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemagate {

/// A token, or all that is in a pair of parentheses, brackets, CASE … END or BEGIN ATOMIC … END.
struct Node {
  std::string text;  ///< the token, or what opens the group
  bool group = false;
  std::vector<Node> inner{};

  friend bool operator==(const Node&, const Node&) = default;
};
using Nodes = std::vector<Node>;

/// By PostgreSQL's own lexer; nothing when it refuses the text or a group is not closed.
[[nodiscard]] std::optional<Nodes> read_tokens(const std::string& sql);

[[nodiscard]] bool is(const Node& node, std::string_view token);
[[nodiscard]] bool is_group(const Node& node, std::string_view opening);

/// At every such token; always one piece more than there are.
[[nodiscard]] std::vector<Nodes> split(const Nodes& nodes, std::string_view token);

}  // namespace schemagate
