#include "database/refused.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <sstream>

namespace schemagate {
namespace {

/// A refusal of a pooler (08P01 for everything) or of libpq itself, which no waiting changes.
bool is_lasting(const std::string& message) {
  static const std::regex lasting{
      "no password supplied|does not support SSL|certificate verify failed|does not match host name|"
      "root certificate file|certificate present, but not private key|could not load (private key|certificate)|"
      "could not read (root )?certificate|private key file|authentication method|"
      "SSL error: (?!.*(closed|reset|EOF|eof))|no such (user|database)|[aA]uthentication failed|auth failed|"
      "unsupported startup parameter|"
      "invalid (port|sslmode|integer|channel_binding|ssl|gss|target|keepalive|connection option)|"
      "channel binding required"};
  return std::regex_search(message, lasting);
}

/// By class of SQLSTATE: resources, operator intervention, system and internal errors pass.
bool is_passing(const std::string& kind, const std::string& text) {
  if (kind.empty() || kind == "08") return !is_lasting(text);
  return kind == "53" || kind == "57" || kind == "58" || kind == "XX";
}

/// One of libpq's tries: an address, or the same one with and without TLS.
Refused explain_part(const std::string& text) {
  // Every SQLSTATE has a digit; FATAL, which stands before it, has five letters too.
  static const std::regex state{R"(: +(?=[A-Z]*[0-9])([0-9A-Z]{5}): )"};
  static const std::regex wide{":  +"};
  Refused refused;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) {
    std::smatch found;
    // A tab begins libpq's advice to whoever sits at a terminal.
    if (line.starts_with("LOCATION: ") || line.starts_with("\t")) continue;
    if (refused.sqlstate.empty() && std::regex_search(line, found, state)) {
      refused.sqlstate = found[1];
      line = fmt::format("{}: {} ({})", found.prefix().str(), found.suffix().str(), refused.sqlstate);
    }
    refused.message += (refused.message.empty() ? "" : "; ") + std::regex_replace(line, wide, ": ");
  }
  refused.passing = is_passing(refused.sqlstate.substr(0, 2), text);
  return refused;
}

/// At each `connection to server`.
std::vector<Refused> explain_parts(const std::string& message) {
  constexpr std::string_view start = "connection to server ";
  std::vector<Refused> parts;
  for (std::size_t begin = 0; begin < message.size();) {
    std::size_t end = message.find(start, begin + 1);
    while (end != std::string::npos && message[end - 1] != '\n') end = message.find(start, end + 1);
    const Refused part = explain_part(message.substr(begin, end - begin));
    if (std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
    begin = end == std::string::npos ? message.size() : end;
  }
  return parts;
}

bool is_ruled_out(const Refused& refused) { return refused.sqlstate == "28000"; }

bool is_answer(const Refused& refused) { return !refused.sqlstate.empty() && !is_ruled_out(refused); }

}  // namespace

Refused combined(const std::vector<Refused>& refusals) {
  if (refusals.empty()) return {"the host has no address", "", true};
  auto telling = std::ranges::find_if(refusals, [](const Refused& r) { return r.passing && !r.sqlstate.empty(); });
  if (telling == refusals.end()) telling = std::ranges::find(refusals, false, &Refused::passing);
  if (telling == refusals.end()) telling = refusals.begin();
  Refused result = *telling;
  for (const Refused& refused : refusals)
    if (result.message.find(refused.message) == std::string::npos) result.message += "; " + refused.message;
  return result;
}

Refused explain(const std::string& message) {
  std::vector<Refused> parts = explain_parts(message);
  if (parts.empty()) return {.message = "no reason given", .sqlstate = {}, .passing = true};
  // Under sslmode=prefer libpq tries again without TLS whatever the answer was, and what pg_hba.conf says to that hides
  // that the server is only starting up, or that the password is wrong.
  if (std::ranges::any_of(parts, is_answer)) std::erase_if(parts, is_ruled_out);
  return combined(parts);
}

/// libpq begins with where it goes, and has nothing more to say of a try that succeeds.
std::string failed_handshake(const std::string& said) {
  constexpr std::string_view start = " failed: ";
  const std::size_t begin = said.find(start);
  const std::size_t end = std::min(said.find('\n'), said.size());
  if (said.find("FATAL") != std::string::npos || begin == std::string::npos || begin > end) return {};
  return said.substr(begin + start.size(), end - begin - start.size());
}

}  // namespace schemagate
