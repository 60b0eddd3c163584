#include "schema/object.hpp"

#include <algorithm>
#include <tuple>

#include "text.hpp"

namespace schemagate {
namespace {

/// Of the last dot that is not part of a name.
std::size_t last_dot(std::string_view identity) {
  std::size_t result = std::string_view::npos;
  for (std::size_t i = 0; i < identity.size(); ++i) {
    if (identity[i] == '.') result = i;
    if (identity[i] == '\\') ++i;
  }
  return result;
}

/// What stands after `\` for this character.
char letter(char c) {
  switch (c) {
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return c;
  }
}

/// What a letter after `\` stands for; anything else stands for itself.
char meant(char escaped) {
  switch (escaped) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return escaped;
  }
}

}  // namespace

std::size_t find_bare(std::string_view text, char mark) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == mark) return i;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

std::string escape(std::string_view text, std::string_view marks) {
  if (text.find_first_of(marks) == std::string_view::npos) return std::string{text};
  std::string result;
  for (const char c : text) {
    if (contains(marks, c)) result += '\\';
    result += contains(marks, c) ? letter(c) : c;
  }
  return result;
}

std::string unescape(std::string_view text) {
  if (!contains(text, '\\')) return std::string{text};
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\\' && i + 1 < text.size())
      result += meant(text[++i]);
    else
      result += text[i];
  return result;
}

std::optional<std::string_view> Object::property(std::string_view name) const {
  const auto found = std::ranges::find(properties, name, [](const auto& property) { return property.first; });
  if (found == properties.end()) return std::nullopt;
  return found->second;
}

Object parse_object(std::string_view line) {
  const auto [kind, rest] = cut(line, '\t');
  const auto [identity, fields] = cut(rest, '\t');
  Object object{.kind = std::string{kind}, .identity = std::string{identity}, .properties = {}};
  if (identity.size() == rest.size()) return object;
  for (const std::string_view field : split(fields, '\t')) {
    const std::size_t key = std::min(find_bare(field, '='), field.size());
    const std::string_view value = field.substr(std::min(key + 1, field.size()));
    object.properties.emplace_back(unescape(field.substr(0, key)), unescape(value));
  }
  return object;
}

std::vector<std::string> names(std::string_view identity) {
  std::vector<std::string> result{{}};
  for (std::size_t i = 0; i < identity.size(); ++i) {
    if (identity[i] == '.')
      result.emplace_back();
    else if (identity[i] == '\\' && i + 1 < identity.size())
      result.back() += meant(identity[++i]);
    else
      result.back() += identity[i];
  }
  return result;
}

std::string_view parent(std::string_view identity) {
  const std::size_t dot = last_dot(identity);
  return dot == std::string_view::npos ? std::string_view{} : identity.substr(0, dot);
}

std::string_view leaf(std::string_view identity) { return identity.substr(last_dot(identity) + 1); }

void sort(Description& objects) {
  const auto key = [](const Object& object) { return std::tie(object.kind, object.identity); };
  if (std::ranges::is_sorted(objects, {}, key)) return;
  // To move an object costs as much as to compare it.
  std::vector<Object*> order;
  order.reserve(objects.size());
  for (Object& object : objects) order.push_back(&object);
  std::ranges::sort(order, {}, [&key](const Object* object) { return key(*object); });
  Description sorted;
  sorted.reserve(objects.size());
  for (Object* object : order) sorted.push_back(std::move(*object));
  objects = std::move(sorted);
}

const Object* find(const Description& objects, std::string_view kind, std::string_view identity) {
  using Key = std::pair<std::string_view, std::string_view>;
  const auto key = [](const Object& object) { return Key{object.kind, object.identity}; };
  const auto found = std::ranges::lower_bound(objects, Key{kind, identity}, {}, key);
  return found != objects.end() && key(*found) == Key{kind, identity} ? &*found : nullptr;
}

}  // namespace schemagate
