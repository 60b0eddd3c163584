#include "schema/moved.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace schemagate {
namespace {

/// A name at the beginning of a text.
struct Word {
  std::string name;        ///< without quotes
  std::size_t length = 0;  ///< 0 when there is none
};

bool in_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

Word quoted(std::string_view text) {
  Word word;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool quote = text[i] == '"';
    if (quote && text.substr(i + 1, 1) != "\"") return {.name = word.name, .length = i + 1};
    word.name += text[i];
    if (quote) ++i;
  }
  return {};
}

Word word_at(std::string_view text) {
  if (text.starts_with('"')) return quoted(text);
  const std::string_view::iterator end = std::ranges::find_if_not(text, in_word);
  const auto length = static_cast<std::size_t>(end - text.begin());
  return {.name = std::string{text.substr(0, length)}, .length = length};
}

/// `OPERATOR(public.<>)` names one of these.
Word operator_at(std::string_view text) {
  const std::size_t length = std::min(text.find_first_not_of("+-*/<>=~!@#%^&|`?"), text.size());
  return {.name = std::string{text.substr(0, length)}, .length = length};
}

/// A constant with its quotes; 0 when there is none.
std::size_t constant_length(std::string_view text) {
  if (!text.starts_with('\'')) return 0;
  const std::size_t end = text.find('\'', 1);
  return end == std::string_view::npos ? text.size() : end + 1;
}

/// The dot after a schema's name, which is `\.` within an identity.
std::size_t dot_length(std::string_view text) { return text.starts_with('.') ? 1 : text.starts_with("\\.") ? 2 : 0; }

std::string printed(const std::string& name) {
  const bool plain = std::ranges::all_of(name, [](char c) { return in_word(c) && c != '$'; });
  return plain ? name : '"' + name + '"';
}

class Renaming {
 public:
  Renaming(const Description& expected, const Description& live) {
    for (const Object& object : expected)
      if (object.kind == "extension") note(object, live);
    if (empty()) return;
    for (const Description* side : {&expected, &live})
      for (const Object& object : *side) described_.insert(schema_and_name(object));
  }

  [[nodiscard]] bool empty() const { return schemas_.empty(); }

  void rename(Object& object) const {
    if (object.kind == "extension") return;
    const std::size_t own = object.kind == "cast" ? 0 : std::min(object.identity.find('('), object.identity.size());
    object.identity = object.identity.substr(0, own) + renamed(std::string_view{object.identity}.substr(own));
    for (auto& [key, value] : object.properties)
      if (key != "table" && key != "owned" && key != "identity") value = renamed(value);
  }

 private:
  using Name = std::pair<std::string, std::string>;

  void note(const Object& expected, const Description& live) {
    const Object* found = find(live, "extension", expected.identity);
    if (found == nullptr || found->property("schema") == expected.property("schema")) return;
    if (schemas_.empty()) replacement_ = printed(std::string{expected.property("schema").value_or("")});
    for (const Object* object : {&expected, found}) schemas_.emplace(object->property("schema").value_or(""));
  }

  /// Of a function or an operator without its arguments, of an operator class without its method.
  static Name schema_and_name(const Object& object) {
    const auto parts = names(object.identity);
    if (parts.size() < 2) return {};
    return {parts[0], parts[1].substr(0, std::min(parts[1].find('('), parts[1].find(" USING ")))};
  }

  [[nodiscard]] bool is_moved(const Word& schema, std::string_view rest) const {
    const std::size_t dot = dot_length(rest);
    if (dot == 0 || !schemas_.contains(schema.name)) return false;
    Word name = word_at(rest.substr(dot));
    if (name.length == 0) name = operator_at(rest.substr(dot));
    return name.length > 0 && !described_.contains(Name{schema.name, name.name});
  }

  [[nodiscard]] std::string renamed(std::string_view text) const {
    std::string result;
    for (bool after_dot = false; !text.empty();) {
      const Word word = word_at(text);
      const bool moved = !after_dot && word.length > 0 && is_moved(word, text.substr(word.length));
      const auto length = std::max<std::size_t>({word.length, constant_length(text), 1});
      result += moved ? std::string_view{replacement_} : text.substr(0, length);
      after_dot = text[length - 1] == '.';
      text.remove_prefix(length);
    }
    return result;
  }

  std::set<std::string, std::less<>> schemas_;
  std::set<Name> described_;
  std::string replacement_;
};

}  // namespace

void align_extensions(Description& expected, Description& live) {
  const Renaming renaming{expected, live};
  if (renaming.empty()) return;
  for (Description* side : {&expected, &live}) {
    for (Object& object : *side) renaming.rename(object);
    sort(*side);
  }
}

}  // namespace schemagate
