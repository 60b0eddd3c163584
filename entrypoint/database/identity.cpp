#include "database/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "database/http.hpp"
#include "failure.hpp"
#include "mask.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

using Json = nlohmann::json;

// The endpoint may have to ask Entra first.
constexpr auto answer_limit = std::chrono::seconds{10};
constexpr std::size_t longest_complaint = 300;

// https://learn.microsoft.com/azure/container-apps/managed-identity: the resource is that of every Azure Database for
// PostgreSQL; without a client id, the system-assigned identity is meant.
constexpr const char* query = "resource=https%3A%2F%2Fossrdbms-aad.database.windows.net&api-version=2019-08-01";

constexpr const char* assign =
    "assign one, and give it a role in the database:\n"
    "  az containerapp identity assign --system-assigned --name APP --resource-group GROUP\n"
    "an init container has none in a Consumption-only environment; without an identity, leave "
    "SCHEMAGATE_AZURE_IDENTITY out";

constexpr const char* check_endpoint = "the platform gives the managed identity no token: see its status";

/// The platform renews the header's value: read when it is used.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value != nullptr && *value != '\0') return value;
  throw Failure{ExitCode::configuration, fmt::format("no managed identity is assigned: {} is not set", name),
                "SCHEMAGATE_AZURE_IDENTITY", not_contacted, assign};
}

HttpAddress address_of(const std::string& endpoint, const std::string& identity) try {
  HttpAddress address = parse_http(endpoint);
  address.path += (contains(address.path, '?') ? "&" : "?") + std::string{query};
  if (identity != "system") address.path += "&client_id=" + identity;
  return address;
} catch (const std::invalid_argument& error) {
  throw Failure{ExitCode::configuration,
                fmt::format("IDENTITY_ENDPOINT is no address of an identity endpoint: {}", error.what()),
                "IDENTITY_ENDPOINT", not_contacted, "leave IDENTITY_ENDPOINT as the platform sets it"};
}

/// It may repeat what it was asked with, which masked() leaves alone where it is short.
std::string without(std::string text, const std::string& header) {
  for (std::size_t at = text.find(header); at != std::string::npos; at = text.find(header, at + 3))
    text.replace(at, header.size(), "***");
  return text;
}

/// Without the query.
std::string shown(const HttpAddress& address) {
  return "http://" + address.authority + address.path.substr(0, address.path.find('?'));
}

bool is_passing(unsigned status) { return status >= 500 || status == 429 || status == 408; }

[[noreturn]] void refuse(const HttpAnswer& answer, const std::string& endpoint, const Url& url) {
  throw Failure{ExitCode::unreachable,
                fmt::format("the managed identity \"{}\" gets no token: the endpoint answered {}{}", url.identity,
                            answer.status, complaint(answer.body)),
                endpoint, untouched,
                "see which identities are assigned, and name one of them in SCHEMAGATE_AZURE_IDENTITY: system, or a "
                "client id\n"
                "  az containerapp identity show --name APP --resource-group GROUP"};
}

/// Empty when the answer has none. What it has instead is not told: it may be one that is only written differently.
std::string token_in(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  const auto token = json.is_object() ? json.find("access_token") : json.end();
  return token != json.end() && token->is_string() ? token->get<std::string>() : "";
}

Refused not_yet(const std::string& endpoint, const std::string& why) {
  return {.message = fmt::format("no token from {}: {}", endpoint, why),
          .sqlstate = {},
          .passing = true,
          .check = check_endpoint};
}

/// The member that tells it: Container Apps, OAuth, Azure Resource Manager.
std::string message_of(const Json& json) {
  if (!json.is_object()) return {};
  for (const char* name : {"message", "error_description"})
    if (const auto text = json.find(name); text != json.end() && text->is_string()) return text->get<std::string>();
  const auto error = json.find("error");
  return error == json.end() ? "" : message_of(*error);
}

}  // namespace

std::string complaint(const std::string& body) {
  const std::string message = message_of(Json::parse(body, nullptr, false));
  // Hidden before it is cut: half a secret would not be known for one.
  std::string text = printable(masked(message.empty() ? body : message)).substr(0, longest_complaint);
  std::ranges::replace(text, '\n', ' ');
  return text.empty() ? "" : ": " + text;
}

std::string identity_advice(const std::string& role) {
  return fmt::format(
      "the role must be named as the identity is; as the server's Entra administrator, in the database postgres:\n"
      "  SELECT * FROM pgaadauth_create_principal('{}', false, false)",
      role);
}

void require_secrecy(const Url& url, Keywords& keywords) {
  const bool is_chosen = std::ranges::find(keywords, "sslmode", &Keywords::value_type::first) != keywords.end() ||
                         std::getenv("PGSSLMODE") != nullptr;
  if (!url.identity.empty() && !is_chosen) keywords.emplace_back("sslmode", "require");
}

std::optional<Refused> add_token(const Url& url, Keywords& keywords, const Wait& wait, Clock::time_point end) {
  if (url.identity.empty()) return std::nullopt;
  const HttpAddress address = address_of(variable("IDENTITY_ENDPOINT"), url.identity);
  const std::string endpoint = shown(address);
  const std::string header = variable("IDENTITY_HEADER");
  try {
    HttpAnswer answer =
        http_get(address, {{"X-IDENTITY-HEADER", header}}, wait, std::min(end, Clock::now() + answer_limit));
    if (answer.status != 200) answer.body = without(std::move(answer.body), header);
    if (is_passing(answer.status))
      return not_yet(endpoint, fmt::format("it answered {}{}", answer.status, complaint(answer.body)));
    if (answer.status != 200) refuse(answer, endpoint, url);
    std::string token = token_in(answer.body);
    if (token.empty()) return not_yet(endpoint, "its answer is not JSON with an access_token");
    conceal(token);
    keywords.emplace_back("password", std::move(token));
    return std::nullopt;
  } catch (const HttpFailed& failed) {
    return not_yet(endpoint, failed.what());
  }
}

}  // namespace schemagate
