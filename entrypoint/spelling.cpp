#include "spelling.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <system_error>

namespace schemagate {
namespace {

/// -1 when the text does not begin with `digits` hexadecimal ones, which may be in either case.
int hexadecimal(std::string_view text, std::size_t digits) {
  int value = 0;
  const char* const end = text.data() + std::min(digits, text.size());
  const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
  return text.size() >= digits && error == std::errc{} && stop == end && text.front() != '-' ? value : -1;
}

/// The letter behind a backslash in JSON and C.
char escape_of(char letter) {
  constexpr std::string_view letters = "\n\t\r\b\f";
  constexpr std::string_view escapes = "ntrbf";
  const std::size_t at = letters.find(letter);
  return at == std::string_view::npos ? letter : escapes[at];
}

/// The length of one letter in whatever way it stands at the beginning of `text`; 0 when it is another one.
std::size_t letter_length(std::string_view text, char letter) {
  const auto code = static_cast<unsigned char>(letter);
  if (text.starts_with('%') && hexadecimal(text.substr(1), 2) == code) return 3;
  if (text.starts_with("\\u") && code < 0x80 && hexadecimal(text.substr(2), 4) == code) return 6;
  if (text.starts_with('\\') && text.size() > 1 && text[1] == escape_of(letter)) return 2;
  if ((letter == '\'' || letter == '"') && text.size() > 1 && text[0] == letter && text[1] == letter) return 2;
  if (letter == ' ' && text.starts_with('+')) return 1;
  return text.starts_with(letter) ? 1 : 0;
}

/// Letter by letter, each in its own way. What is itself a `%` or a backslash is tried as it is first.
std::size_t by_letters(std::string_view text, std::string_view word) {
  if (text.starts_with(word)) return word.size();
  std::size_t length = 0;
  for (const char letter : word) {
    const std::size_t taken = letter_length(text.substr(std::min(length, text.size())), letter);
    if (taken == 0) return 0;
    length += taken;
  }
  return length;
}

std::size_t by_hexadecimal(std::string_view text, std::string_view word) {
  if (text.size() < 2 * word.size()) return 0;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (hexadecimal(text.substr(2 * i), 2) != static_cast<unsigned char>(word[i])) return 0;
  return 2 * word.size();
}

/// Six bits as one letter of both alphabets; those of URLs are read as the others.
int sextet(char letter) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (letter == '-') letter = '+';
  if (letter == '_') letter = '/';
  const std::size_t at = alphabet.find(letter);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

int bit(std::string_view word, std::size_t index) {
  return (static_cast<unsigned char>(word[index / 8]) >> (7 - index % 8)) & 1;
}

/// Whether a letter holds the word's bits from `first` on, as far as they are the word's.
bool holds_bits(char letter, std::string_view word, std::ptrdiff_t first) {
  const int value = sextet(letter);
  if (value < 0) return false;
  for (int i = 0; i < 6; ++i) {
    const std::ptrdiff_t at = first + i;
    if (at < 0 || at >= static_cast<std::ptrdiff_t>(8 * word.size())) continue;
    if (((value >> (5 - i)) & 1) != bit(word, static_cast<std::size_t>(at))) return false;
  }
  return true;
}

/// `shift` bits of what stands before the word are in its first letter.
std::size_t by_base64(std::string_view text, std::string_view word, int shift) {
  const std::size_t needed = (8 * word.size() + static_cast<std::size_t>(shift) + 5) / 6;
  if (text.size() < needed) return 0;
  for (std::size_t i = 0; i < needed; ++i)
    if (!holds_bits(text[i], word, static_cast<std::ptrdiff_t>(6 * i) - shift)) return 0;
  return needed;
}

}  // namespace

std::size_t spelled(std::string_view text, std::string_view word) {
  if (word.empty()) return 0;
  std::size_t longest = std::max(by_letters(text, word), by_hexadecimal(text, word));
  for (const int shift : {0, 2, 4}) longest = std::max(longest, by_base64(text, word, shift));
  return longest;
}

}  // namespace schemagate
