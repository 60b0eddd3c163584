#include "database/visible.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "database/url.hpp"

namespace schemagate {
namespace {

constexpr std::string_view blanks = " \t\n\r\f\v";

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> letters{{
    {"\xef\xbb\xbf", "a byte order mark (U+FEFF)"},
    {"\xc2\xa0", "a no-break space (U+00A0)"},
    {"\xe2\x80\xaf", "a narrow no-break space (U+202F)"},
    {"\xc2\xad", "a soft hyphen (U+00AD)"},
    {"\xe2\x80\x8b", "a zero width space (U+200B)"},
    {"\xe2\x80\x8c", "a zero width non-joiner (U+200C)"},
    {"\xe2\x80\x8d", "a zero width joiner (U+200D)"},
    {"\xe2\x81\xa0", "a word joiner (U+2060)"},
    {"\xe2\x80\x8e", "a left-to-right mark (U+200E)"},
    {"\xe2\x80\x8f", "a right-to-left mark (U+200F)"},
    {"\xe2\x80\x98", "a typographic quote (U+2018)"},
    {"\xe2\x80\x99", "a typographic quote (U+2019)"},
    {"\xe2\x80\x9a", "a typographic quote (U+201A)"},
    {"\xe2\x80\x9c", "a typographic quote (U+201C)"},
    {"\xe2\x80\x9d", "a typographic quote (U+201D)"},
    {"\xe2\x80\x9e", "a typographic quote (U+201E)"},
}};

[[noreturn]] void refuse(const char* how, std::string_view letter, const char* next) {
  throw BadUrl{fmt::format("the connection string {} with {}", how, letter), next};
}

}  // namespace

void require_visible_ends(std::string_view text) {
  // PowerShell's > writes it so.
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    refuse("begins", "a byte order mark of UTF-16", "write it in UTF-8");
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  for (const auto& [letter, name] : letters) {
    if (text.starts_with(letter)) refuse("begins", name, "remove what stands before its first letter");
    if (text.ends_with(letter)) refuse("ends", name, "remove what stands behind its last letter");
  }
}

}  // namespace schemagate
