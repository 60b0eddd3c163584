#include "schema/definition.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "text.hpp"

namespace schemagate {
namespace {

bool drop_end(std::string& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.resize(text.size() - end.size());
  return true;
}

Sort sort_of(std::string_view definition) {
  static constexpr std::array<std::pair<std::string_view, Sort>, 4> beginnings{{{"PRIMARY KEY", Sort::primary_key},
                                                                                {"UNIQUE", Sort::unique},
                                                                                {"FOREIGN KEY", Sort::foreign_key},
                                                                                {"EXCLUDE", Sort::exclude}}};
  for (const auto& [beginning, sort] : beginnings)
    if (definition.starts_with(beginning)) return sort;
  return Sort::check;
}

/// Follows quotes and parentheses.
class Nesting {
 public:
  /// Whether this character stands outside of quotes; an inner parenthesis closes to the depth it opened at.
  bool outside(char c) {
    if (quote_ != 0) {
      if (c == quote_) quote_ = 0;
      return false;
    }
    if (c == '"' || c == '\'') quote_ = c;
    if (c == '(') ++depth_;
    if (c == ')') --depth_;
    return quote_ == 0;
  }
  [[nodiscard]] int depth() const { return depth_; }

 private:
  char quote_ = 0;
  int depth_ = 0;
};

void trim(std::string& text) {
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  text.erase(text.find_last_not_of(' ') + 1);
}

/// At commas outside of quotes and parentheses, up to an unmatched `)`.
std::vector<std::string> at_commas(std::string_view text) {
  std::vector<std::string> pieces{{}};
  Nesting nesting;
  for (const char c : text) {
    const bool outside = nesting.outside(c);
    if (nesting.depth() < 0) break;
    if (outside && c == ',' && nesting.depth() == 0)
      pieces.emplace_back();
    else
      pieces.back() += c;
  }
  for (std::string& piece : pieces) trim(piece);
  return pieces;
}

/// After the first parentheses.
std::string_view behind_list(std::string_view text) {
  Nesting nesting;
  bool opened = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    nesting.outside(text[i]);
    if (opened && nesting.depth() == 0) return text.substr(i + 1);
    opened = nesting.depth() > 0;
  }
  return {};
}

/// `public."a.b"` is `public.a\.b`.
std::string identity_of(std::string_view printed) {
  std::string identity;
  Nesting nesting;
  for (std::size_t i = 0; i < printed.size(); ++i) {
    const char c = printed[i];
    const bool outside = nesting.outside(c);
    if (c == '"' && (!outside || i == 0 || printed[i - 1] != '"')) continue;
    if (!outside && (c == '.' || c == '\\')) identity += '\\';
    identity += c;
  }
  return identity;
}

/// ON CONFLICT does not ask for the order of an index.
std::vector<std::string> without_order(std::vector<std::string> columns) {
  for (std::string& column : columns) {
    if (!drop_end(column, " NULLS FIRST")) drop_end(column, " NULLS LAST");
    drop_end(column, " DESC");
  }
  std::ranges::sort(columns);
  return columns;
}

std::optional<UniqueKey> key_of_constraint(const std::string& definition) {
  const Constraint constraint = parse_constraint(definition);
  const bool unique = constraint.sort == Sort::primary_key || constraint.sort == Sort::unique;
  if (!unique || constraint.deferrable) return std::nullopt;
  return UniqueKey{.columns = without_order(listed_in(constraint.body)),
                   .where = {},
                   .primary = constraint.sort == Sort::primary_key,
                   .nulls_equal = constraint.body.starts_with("UNIQUE NULLS NOT DISTINCT")};
}

std::optional<UniqueKey> key_of_index(const std::string& definition) {
  const std::size_t columns = definition.find(" USING btree (");
  if (!definition.starts_with("CREATE UNIQUE INDEX ") || columns == std::string::npos) return std::nullopt;
  const std::string_view list = std::string_view{definition}.substr(columns);
  const std::string_view rest = behind_list(list);
  const std::size_t where = std::min(rest.find(" WHERE "), rest.size());
  return UniqueKey{.columns = without_order(listed_in(list)),
                   .where = std::string{rest.substr(where)},
                   .nulls_equal = rest.substr(0, where).find(" NULLS NOT DISTINCT") != std::string_view::npos};
}

}  // namespace

Constraint parse_constraint(std::string_view definition) {
  Constraint result{.sort = sort_of(definition), .body = std::string{definition}};
  for (bool again = true; again;) {
    again = false;
    const auto drop = [&](const char* end, bool& flag, bool value) {
      if (!drop_end(result.body, end)) return;
      flag = value;
      again = true;
    };
    drop(" NOT VALID", result.validated, false);
    drop(" NOT ENFORCED", result.enforced, false);
    drop(" NO INHERIT", result.no_inherit, true);
    drop(" INITIALLY DEFERRED", result.deferred, true);
    drop(" DEFERRABLE", result.deferrable, true);
  }
  return result;
}

std::optional<UniqueKey> unique_key(const Object& object) {
  const std::string definition{object.property("def").value_or("")};
  if (object.property("INVALID")) return std::nullopt;
  return object.kind == "index" ? key_of_index(definition) : key_of_constraint(definition);
}

std::vector<std::string> listed_in(std::string_view text) {
  const std::size_t open = text.find('(');
  return open == std::string_view::npos ? std::vector<std::string>{} : at_commas(text.substr(open + 1));
}

std::string referred_table(std::string_view definition) {
  static constexpr std::string_view word = " REFERENCES ";
  const std::size_t at = definition.find(word);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = definition.substr(at + word.size());
  Nesting nesting;
  const std::string_view::iterator open =
      std::ranges::find_if(rest, [&](char c) { return nesting.outside(c) && c == '('; });
  return identity_of(rest.substr(0, static_cast<std::size_t>(open - rest.begin())));
}

std::vector<std::string> identities(std::string_view list) {
  std::vector<std::string> result = at_commas(list);
  std::ranges::transform(result, result.begin(), identity_of);
  return result;
}

std::vector<std::string> labels(std::string_view list) {
  return list.empty() ? std::vector<std::string>{} : at_commas(list);
}

}  // namespace schemagate
