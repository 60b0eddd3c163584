#include "mask.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "database/percent.hpp"
#include "spelling.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view hidden = "***";
constexpr std::size_t shortest = 8;
constexpr std::string_view blanks = " \t\r\n\f\v";
constexpr std::array<std::string_view, 3> password_names{"password", "passwd", "pwd"};

/// A thread may be connecting, as in our tests.
struct Known {
  std::mutex mutex;
  std::vector<std::string> secrets;  ///< the longest first
  std::set<std::string, std::less<>> names;
  std::atomic<bool> values = false;
};

Known& known() {
  static Known all;
  return all;
}

std::size_t letters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// What follows each `mark` in the text.
std::vector<std::string_view> behind(std::string_view text, std::string_view mark) {
  std::vector<std::string_view> found;
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1))
    found.push_back(text.substr(at + mark.size()));
  return found;
}

/// `user:password` of what follows `://`; empty without an `@`. The last one counts: a password may hold others.
std::string_view login_of(std::string_view rest) {
  rest = rest.substr(0, rest.find_first_of(" \t\r\n\"'<>"));
  const std::size_t at = rest.rfind('@');
  return at == std::string_view::npos ? std::string_view{} : rest.substr(0, at);
}

/// The value of what follows `password`; nothing when no `=` does.
std::optional<std::string_view> value_of(std::string_view rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  if (!rest.starts_with('=')) return std::nullopt;
  rest.remove_prefix(1);
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  if (rest.starts_with('\'') || rest.starts_with('"')) return rest.substr(1, rest.find(rest.front(), 1) - 1);
  return rest.substr(0, rest.find_first_of(" \t\r\n\f\v;,&"));
}

/// Of every `password=`, in any case and spacing.
std::vector<std::string_view> passwords_in(std::string_view text) {
  std::vector<std::string_view> found;
  const std::string lowered = lower(text);
  for (const std::string_view name : password_names)
    for (const std::string_view rest : behind(lowered, name))
      if (const auto value = value_of(text.substr(text.size() - rest.size()))) found.push_back(*value);
  return found;
}

void conceal_login(std::string_view login) {
  const std::string decoded = decode_percent(login);
  if (!contains(decoded, ':')) return;
  conceal(login);
  conceal(decoded);
  conceal(cut(decoded, ':').second);
}

/// Length of the secret that begins there, 0 without one.
std::size_t secret_at(std::string_view text) {
  for (const std::string& secret : known().secrets)
    if (!known().names.contains(secret))
      if (const std::size_t length = spelled(text, secret); length > 0) return length;
  return 0;
}

}  // namespace

void conceal(std::string_view secret) {
  const std::lock_guard held{known().mutex};
  auto& all = known().secrets;
  if (letters(secret) < shortest || std::ranges::find(all, secret) != all.end()) return;
  all.emplace_back(secret);
  std::ranges::stable_sort(all, std::ranges::greater{}, &std::string::size);
}

void conceal_connection(std::string_view text) {
  for (const std::string_view rest : behind(text, "://")) conceal_login(login_of(rest));
  for (const std::string_view password : passwords_in(text)) conceal(password);
  if (is_like_connection(text)) conceal(text);
}

void reveal(std::string_view name) {
  const std::lock_guard held{known().mutex};
  known().names.emplace(name);
}

std::string masked(std::string_view text) {
  const std::lock_guard held{known().mutex};
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = secret_at(text.substr(at));
    result += length > 0 ? hidden : text.substr(at, 1);
    at += std::max<std::size_t>(length, 1);
  }
  return result;
}

Report masked(Report report) {
  for (std::string* part : {&report.what, &report.where, &report.state, &report.next})
    *part = masked(std::string_view{*part});
  return report;
}

bool holds_secret(std::string_view text) {
  const std::lock_guard held{known().mutex};
  for (std::size_t at = 0; at < text.size(); ++at)
    if (secret_at(text.substr(at)) > 0) return true;
  return false;
}

void show_values() { known().values = true; }

bool shows_values() { return known().values; }

bool is_like_connection(std::string_view text) {
  const std::string lowered = lower(text);
  for (const char* sign : {"postgres://", "postgresql://", "jdbc:"})
    if (lowered.find(sign) != std::string::npos) return true;
  return !passwords_in(text).empty() ||
         std::ranges::any_of(behind(text, "://"), [](auto rest) { return contains(login_of(rest), ':'); });
}

bool is_connection(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n\f\v\"'`"), text.size()));
  const std::string_view scheme = text.substr(0, text.find("://"));
  const auto is_of_scheme = [](unsigned char c) {
    return std::isalnum(c) != 0 || contains("+-.:", static_cast<char>(c));
  };
  return scheme.size() < text.size() && std::ranges::all_of(scheme, is_of_scheme) && is_like_connection(text);
}

}  // namespace schemagate
