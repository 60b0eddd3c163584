#include "check/conversion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "check/blob.hpp"
#include "migrations/checksum.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

std::string attribute(const Conversion& conversion, const std::string& name) {
  const auto found = conversion.attributes.find(name);
  return found == conversion.attributes.end() ? "unspecified" : found->second;
}

bool has_value(const std::string& state) { return state != "set" && state != "unset" && state != "unspecified"; }

/// `crlf` is the old name of `text`. Source: gitattributes(5).
std::string text_state(const Conversion& conversion) {
  const std::string state = attribute(conversion, "text");
  const std::array known{"set", "unset", "auto", "input"};
  return std::ranges::find(known, state) == known.end() ? attribute(conversion, "crlf") : state;
}

enum class Ends : std::uint8_t { kept, turned, guessed };

/// `eol` alone says text as well. Where a checkout would write CRLF and where LF is the same on the way in.
Ends ends(const Conversion& conversion) {
  const std::string state = text_state(conversion);
  const std::string eol = attribute(conversion, "eol");
  if (state == "unset") return Ends::kept;
  if (state == "auto") return Ends::guessed;
  if (state == "set" || state == "input" || eol == "lf" || eol == "crlf") return Ends::turned;
  return conversion.autocrlf ? Ends::guessed : Ends::kept;
}

bool is_printable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 127 ? false : byte >= 32 || contains("\b\t\033\014", c);
}

bool has_lone_cr(std::string_view content) {
  const std::string rest = lf_ends(content);
  return contains(rest, '\r');
}

/// As git guesses; an end-of-file mark of DOS at the end does not count. Source: convert_is_binary() in git's
/// convert.c.
bool is_binary(std::string_view content) {
  if (contains(content, '\0') || has_lone_cr(content)) return true;
  if (content.ends_with('\032')) content.remove_suffix(1);
  const auto lines = std::ranges::count_if(content, [](char c) { return c == '\n' || c == '\r'; });
  const auto plain = std::ranges::count_if(content, is_printable);
  const auto odd = std::ssize(content) - lines - plain;
  return plain / 128 < odd;
}

/// `$Id: … $`, on one line, as it was before a checkout filled it in.
std::string without_ids(std::string_view content) {
  std::string result;
  for (std::size_t at = 0; (at = content.find("$Id:")) != std::string_view::npos;) {
    const std::size_t end = content.find_first_of("$\n", at + 4);
    const bool filled = end != std::string_view::npos && content[end] == '$';
    result.append(content.substr(0, at)).append(filled ? "$Id$" : "$Id:");
    content.remove_prefix(filled ? end + 1 : at + 4);
  }
  return result.append(content);
}

/// What it may become. Where git guesses it keeps CRLF if the index has them. Source: has_crlf_in_index() in git's
/// convert.c.
std::vector<std::string> converted(const Conversion& conversion, std::string_view content) {
  const Ends how = ends(conversion);
  const bool turned = how == Ends::turned || (how == Ends::guessed && !is_binary(content));
  std::vector<std::string> results;
  if (how != Ends::turned) results.emplace_back(content);
  if (turned) results.push_back(lf_ends(content));
  if (attribute(conversion, "ident") == "set") std::ranges::transform(results, results.begin(), without_ids);
  return results;
}

/// What Git LFS keeps in git follows from the content. Source:
/// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
std::string pointer(std::string_view content) {
  return fmt::format("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n", checksum(content),
                     content.size());
}

}  // namespace

Same compared(const Conversion& conversion, std::string_view content, std::string_view object) {
  const std::string filter = attribute(conversion, "filter");
  const auto is_kept = [&](const std::string& text) { return is_blob(text, object); };
  if (is_blob(content, object) || std::ranges::any_of(converted(conversion, content), is_kept)) return Same::yes;
  if (has_value(filter) && is_blob(pointer(content), object)) return Same::yes;
  const bool filtered = has_value(filter) && conversion.has_program && filter != "lfs";
  return filtered || has_value(attribute(conversion, "working-tree-encoding")) ? Same::unknown : Same::no;
}

}  // namespace schemagate
