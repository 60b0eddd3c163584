#include "database/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "database/keywords.hpp"
#include "database/parameter.hpp"
#include "failure.hpp"
#include "mask.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

[[noreturn]] void refuse(const std::string& what, const std::string& where, const std::string& next) {
  throw Failure{ExitCode::configuration, what, where, not_contacted, next};
}

bool is_known(std::string_view keyword) {
  const Use use = use_of(keyword);
  const bool is_libpqs = use == Use::libpq || use == Use::shared || use == Use::dropped;
  return is_libpqs && keyword != "service" && keyword != "schema";
}

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const std::size_t begin = line.find_first_not_of(blanks);
  return begin == std::string_view::npos ? "" : line.substr(begin, line.find_last_not_of(blanks) + 1 - begin);
}

/// Of a keyword, as libpq has it, the first line counts.
void add_line(const std::string& file, int number, std::string_view line, Parameters& words) {
  const auto [keyword, value] = cut(line, '=');
  if (!is_known(keyword) || !contains(line, '='))
    refuse("a line of the service file cannot be read", fmt::format("{}:{}", file, number),
           "write libpq's keywords, one a line, without blanks around the =:  host=db.example.com");
  if (find(words, keyword) == nullptr) words.emplace_back(keyword, value);
}

/// The lines below `[service]`; nothing when there is no such line.
std::optional<Parameters> defined(const std::string& file, const std::string& service) {
  std::optional<Parameters> words;
  std::ifstream stream{file};
  int number = 0;
  for (std::string text; std::getline(stream, text);) {
    const std::string_view line = trimmed(text);
    ++number;
    if (line.starts_with('[') && words) break;
    if (line.starts_with('[') && line == "[" + service + "]") words.emplace();
    if (words && !line.empty() && !contains("[#", line.front())) add_line(file, number, line, *words);
  }
  return words;
}

std::vector<std::string> files(const std::string& home) {
  std::vector<std::string> result;
  if (const std::string named = variable("PGSERVICEFILE"); !named.empty())
    result.push_back(named);
  else if (!home.empty())
    result.push_back(home + "/.pg_service.conf");
  if (const std::string folder = variable("PGSYSCONFDIR"); !folder.empty())
    result.push_back(folder + "/pg_service.conf");
  return result;
}

void merge(const Parameters& words, Url& url) {
  for (const char* secret : {"password", "sslpassword"}) conceal(text_of(words, secret));
  const Url service = url_of(words);
  for (const auto& [keyword, value] : service.keywords) {
    require_sound(keyword, value);
    if (url.value(keyword).empty()) set_keyword(url, keyword, value);
  }
  std::ranges::copy(service.notes, std::back_inserter(url.notes));
}

}  // namespace

void add_service(Url& url) {
  const std::string service = url.value("service").empty() ? variable("PGSERVICE") : url.value("service");
  if (service.empty()) return;
  std::erase_if(url.keywords, [](const auto& pair) { return pair.first == "service"; });
  ::unsetenv("PGSERVICE");  // NOLINT(concurrency-mt-unsafe)
  const std::vector<std::string> places = files(url.home);
  for (const std::string& file : places) try {
      if (const std::optional<Parameters> words = defined(file, service)) return merge(*words, url);
    } catch (const BadUrl& bad) {
      refuse(fmt::format("the service cannot be used: {}", bad.what()), file, bad.next);
    }
  refuse("the service that is named is in no file that is read",
         places.empty() ? "service or PGSERVICE" : join(places, ", "),
         "write its lines below [NAME] there, or name the file that has them in PGSERVICEFILE");
}

}  // namespace schemagate
