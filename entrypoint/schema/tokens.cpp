#include "schema/tokens.hpp"

#include <pg_query.h>
#include <pg_query.pb-c.h>

#include <memory>
#include <span>
#include <utility>

namespace schemagate {
namespace {

struct FreeScan {
  void operator()(PgQuery__ScanResult* scan) const { pg_query__scan_result__free_unpacked(scan, nullptr); }
};
using Scan = std::unique_ptr<PgQuery__ScanResult, FreeScan>;

Scan scan(const std::string& sql) {
  const PgQueryScanResult raw = pg_query_scan(sql.c_str());
  Scan result;
  if (raw.error == nullptr)
    result.reset(pg_query__scan_result__unpack(nullptr, raw.pbuf.len, reinterpret_cast<const uint8_t*>(raw.pbuf.data)));
  pg_query_free_scan_result(raw);
  return result;
}

std::optional<std::vector<std::string>> texts(const std::string& sql) {
  const Scan scanned = scan(sql);
  if (!scanned) return std::nullopt;
  std::vector<std::string> result;
  for (const PgQuery__ScanToken* token : std::span{scanned->tokens, scanned->n_tokens})
    result.push_back(
        sql.substr(static_cast<std::size_t>(token->start), static_cast<std::size_t>(token->end - token->start)));
  return result;
}

/// What closes the group that this token opens; empty when it opens none.
std::string_view closing(const std::vector<std::string>& tokens, std::size_t at) {
  if (tokens[at] == "(") return ")";
  if (tokens[at] == "[") return "]";
  if (tokens[at] == "CASE") return "END";
  if (tokens[at] == "BEGIN" && at + 1 < tokens.size() && tokens[at + 1] == "ATOMIC") return "END";
  return {};
}

bool closes(std::string_view token) { return token == ")" || token == "]" || token == "END"; }

/// Up to the token that closes the group, and past it; without one, up to the end. False when it does not come.
bool read_group(const std::vector<std::string>& tokens, std::size_t& at, std::string_view end, Nodes& nodes) {
  for (; at < tokens.size(); ++at) {
    if (closes(tokens[at])) break;
    const std::string_view close = closing(tokens, at);
    nodes.push_back({.text = tokens[at], .group = !close.empty()});
    if (close.empty()) continue;
    if (!read_group(tokens, ++at, close, nodes.back().inner)) return false;
  }
  return at < tokens.size() ? tokens[at] == end : end.empty();
}

}  // namespace

std::optional<Nodes> read_tokens(const std::string& sql) {
  const auto tokens = texts(sql);
  Nodes nodes;
  std::size_t at = 0;
  if (!tokens || !read_group(*tokens, at, {}, nodes)) return std::nullopt;
  return nodes;
}

bool is(const Node& node, std::string_view token) { return !node.group && node.text == token; }
bool is_group(const Node& node, std::string_view opening) { return node.group && node.text == opening; }

std::vector<Nodes> split(const Nodes& nodes, std::string_view token) {
  std::vector<Nodes> pieces{{}};
  for (const Node& node : nodes)
    if (is(node, token))
      pieces.emplace_back();
    else
      pieces.back().push_back(node);
  return pieces;
}

}  // namespace schemagate
