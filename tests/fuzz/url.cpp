// Any bytes as a connection string.

#include "database/url.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/check.hpp"

namespace schemagate {
namespace {

std::optional<Url> parsed(const std::string& text) {
  try {
    return parse_url(text, "/srv/prisma");
  } catch (const BadUrl& refused) {
    require(refused.what() != nullptr && !refused.next.empty(), "a refusal says what to change");
    return std::nullopt;
  }
}

void check_keywords(const Url& url) {
  std::string before;
  for (const auto& [name, value] : url.keywords) {
    require(name > before, "keywords are sorted, and each is there once");
    require(!value.empty() && value.find('\0') == std::string::npos, "values are neither empty nor torn");
    before = name;
  }
}

/// libpq's key=value form.
std::string written(const Url& url) {
  std::string result;
  for (const auto& [name, value] : url.keywords) {
    result += name + "='";
    for (const char letter : value)
      result += letter == '\'' || letter == '\\' ? std::string{'\\', letter} : std::string{letter};
    result += "' ";
  }
  return result;
}

void check_again(const Url& url) {
  if (url.keywords.empty()) return;
  const auto again = parsed(written(url));
  require(again && again->keywords == url.keywords, "what goes to libpq means the same when it is read again");
}

/// A long one that is not a part of what may be shown, nor put together from it.
void check_secret(const Url& url) {
  const std::string password = url.value("password");
  if (password.size() < 8 || password.find_first_of("@:/,[]") != std::string::npos) return;
  for (const auto& [name, value] : url.keywords)
    if (name != "password" && value.find(password) != std::string::npos) return;
  require(url.place().find(password) == std::string::npos, "no password is shown");
}

void check_url(const std::string& text) {
  const auto url = parsed(text);
  if (!url) return;
  check_keywords(*url);
  check_again(*url);
  check_secret(*url);
}

}  // namespace
}  // namespace schemagate

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  schemagate::check_url(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
