#include "database/keywords.hpp"

#include <algorithm>
#include <string>

#include "database/parameter.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view blanks = " \t\n\r\f\v";

BadUrl bad_words() {
  return {"the key=value connection string cannot be read",
          "write key=value pairs with blanks between them; a value with a blank or a quote in it is written 'like "
          "\\'this\\''"};
}

BadUrl bad_keyword(const std::string& shown) {
  return {shown + " of the key=value connection string is not known",
          "use libpq's keywords (host, port, user, password, dbname, sslmode, ...) and schema, "
          "or a URL that begins with postgresql://"};
}

void skip_blanks(std::string_view& rest) { rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size())); }

std::string read_keyword(std::string_view& rest) {
  std::string name{rest.substr(0, rest.find_first_of(std::string{blanks} + '='))};
  rest.remove_prefix(name.size());
  skip_blanks(rest);
  if (!rest.starts_with('=')) throw bad_words();
  rest.remove_prefix(1);
  skip_blanks(rest);
  return name;
}

/// Up to one of `ends`. A backslash takes the letter after it literally, within quotes and without.
std::string read_letters(std::string_view& rest, std::string_view ends) {
  std::string value;
  while (!rest.empty() && !contains(ends, rest.front())) {
    if (rest.front() == '\\') rest.remove_prefix(1);
    value += rest.substr(0, 1);
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
  }
  return value;
}

std::string read_value(std::string_view& rest) {
  if (!rest.starts_with('\'')) return read_letters(rest, blanks);
  rest.remove_prefix(1);
  std::string value = read_letters(rest, "'");
  if (rest.empty()) throw bad_words();
  rest.remove_prefix(1);
  return value;
}

/// Behind a password what is not known may be the rest of it: a blank ended it early.
void add_word(const std::string& name, const std::string& value, Url& url) {
  require_case(name);
  const Use use = use_of(name);
  if (use == Use::dropped) return note_dropped(name, value, url);
  if (use != Use::libpq && use != Use::shared)
    throw bad_keyword(is_showable(name) && url.value("password").empty() ? "the keyword " + name : "a keyword");
  if (name == "schema") {
    url.schema = value;
    return;
  }
  set_keyword(url, name, name == "sslmode" ? read_mode(value, url) : value);
}

}  // namespace

Url read_keywords(std::string_view text) {
  Parameters words;
  for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
    std::string name = read_keyword(text);
    put(words, std::move(name), read_value(text));
  }
  return url_of(words);
}

Url url_of(const Parameters& words) {
  Url url;
  for (const auto& [name, value] : words) add_word(name, value, url);
  return url;
}

}  // namespace schemagate
