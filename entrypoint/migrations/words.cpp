#include "migrations/words.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "migrations/lexer.hpp"

namespace schemagate {
namespace {

// More than any statement has that is understood here; a VALUES list may have millions.
constexpr std::size_t most_words = 2000;

std::string plain(std::string_view value) {
  if (value.size() >= 2 && value.starts_with('\'')) value = value.substr(1, value.size() - 2);
  return capitals(value);
}

bool is_name(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  return std::isalpha(first) != 0 || first == '_' || first == '"' || first >= 0x80;
}

int depth(const Word& word) {
  if (word.text == "(" || word.text == "[") return 1;
  return word.text == ")" || word.text == "]" ? -1 : 0;
}

bool is_one_of(const Word& word, KeywordList list) {
  return std::ranges::find(list, word.text) != list.end() || std::ranges::find(list, word.keyword) != list.end();
}

}  // namespace

Words::Words(std::string_view statement) {
  Lexer lexer{statement};
  while (const auto token = lexer.next()) {
    const std::string_view text = statement.substr(token->begin, token->end - token->begin);
    if (text == ";" && !words_.empty()) break;
    cut_ = words_.size() == most_words;
    if (cut_) break;
    if (text != ";")
      words_.push_back(
          {.text = std::string{text}, .keyword = token->keyword ? capitals(text) : "", .reserved = token->reserved});
  }
}

bool Words::skip(KeywordList keywords) {
  const auto same = [](const Word& word, std::string_view keyword) { return word.keyword == keyword; };
  if (words_.size() - at_ < keywords.size()) return false;
  const auto begin = words_.begin() + static_cast<std::ptrdiff_t>(at_);
  if (!std::equal(begin, begin + static_cast<std::ptrdiff_t>(keywords.size()), keywords.begin(), same)) return false;
  at_ += keywords.size();
  return true;
}

bool Words::skip_word(std::string_view word) { return peek() == word && next(); }

bool Words::skip_mark(std::string_view mark) { return !ended() && words_[at_].text == mark && next(); }

bool Words::skip_condition() { return skip({"IF", "NOT", "EXISTS"}) || skip({"IF", "EXISTS"}); }

bool Words::next() { return !ended() && ++at_ > 0; }

void Words::skip_past(std::string_view keyword) {
  while (!ended() && words_[at_].keyword != keyword) next();
  next();
}

std::string Words::name() {
  std::string result = part();
  while (!result.empty() && skip_mark(".")) result.append(".").append(next() ? words_[at_ - 1].text : "");
  return result;
}

std::string Words::part() {
  if (ended() || words_[at_].reserved || !is_name(words_[at_].text)) return {};
  return next() ? words_[at_ - 1].text : std::string{};
}

std::string Words::relation() {
  if (skip({"ONLY"})) skip_mark("(");
  std::string name = this->name();
  if (!skip_mark(")")) skip_mark("*");
  return name;
}

OptionMap Words::options() {
  OptionMap result;
  if (!skip_mark("(")) return result;
  while (!ended() && !skip_mark(")")) {
    const std::string key = capitals(words_[at_++].text);
    std::string& value = result[key];
    value.clear();
    while (!ended() && words_[at_].text != "," && words_[at_].text != ")") value = plain(words_[at_++].text);
    skip_mark(",");
  }
  return result;
}

OptionMap Words::options_with() {
  while (!ended() && !skip({"WITH"})) next();
  return options();
}

std::vector<Words> Words::split(const std::vector<Word>& words) {
  std::vector<Words> result;
  std::vector<Word> item;
  int open = 0;
  for (const Word& word : words) {
    open += depth(word);
    if (open == 0 && word.text == ",")
      result.push_back(Words{std::exchange(item, {})});
    else
      item.push_back(word);
  }
  if (!item.empty()) result.push_back(Words{std::move(item)});
  return result;
}

std::vector<Words> Words::items() const {
  return split({words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end()});
}

std::size_t Words::closing(std::size_t open) const {
  int deep = 0;
  for (std::size_t at = open; at < words_.size(); ++at)
    if ((deep += depth(words_[at])) == 0) return at;
  return words_.size();
}

std::vector<Words> Words::group() {
  if (ended() || words_[at_].text != "(") return {};
  const std::size_t end = closing(at_);
  const auto begin = words_.begin() + static_cast<std::ptrdiff_t>(at_) + 1;
  const auto stop = words_.begin() + static_cast<std::ptrdiff_t>(end);
  at_ = end;
  next();
  return split({begin, stop});
}

Words Words::until(KeywordList ends) {
  std::vector<Word> part;
  int open = 0;
  for (; !ended(); ++at_) {
    open += depth(words_[at_]);
    if (open == 0 && is_one_of(words_[at_], ends)) break;
    part.push_back(words_[at_]);
  }
  return Words{std::move(part)};
}

std::string Words::peek() const { return ended() ? "" : capitals(words_[at_].text); }

std::string Words::last() const { return words_.empty() ? "" : plain(words_.back().text); }

bool Words::has(std::string_view keyword) const {
  return std::ranges::find(words_, keyword, &Word::keyword) != words_.end();
}

bool Words::ahead(std::string_view keyword) const {
  int open = 0;
  for (std::size_t at = at_; at < words_.size(); ++at) {
    open += depth(words_[at]);
    if (open == 0 && words_[at].keyword == keyword) return true;
  }
  return false;
}

std::string Words::rest() const {
  std::string result;
  for (std::size_t index = at_; index < words_.size(); ++index)
    if (words_[index].keyword.empty()) result.append(capitals(words_[index].text)).append(" ");
  return result;
}

std::string Words::text() const {
  std::string result;
  for (std::size_t index = at_; index < words_.size(); ++index)
    result.append(result.empty() ? "" : " ").append(words_[index].text);
  return result;
}

std::vector<std::string> Words::calls() const {
  std::vector<std::string> result;
  for (std::size_t index = at_; index + 1 < words_.size(); ++index)
    if (words_[index + 1].text == "(" && words_[index].keyword.empty() && is_name(words_[index].text))
      result.push_back(words_[index].text);
  return result;
}

}  // namespace schemagate
