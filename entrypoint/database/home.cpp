#include "database/home.hpp"

#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "server/accounts.hpp"

namespace schemagate {
namespace {

/// A file that libpq would have found if we let it look.
std::string unread(const Url& url, const char* variable, const char* name) {
  if (url.home.empty() || std::getenv(variable) != nullptr) return {};
  std::string file = url.home + name;
  return ::access(file.c_str(), F_OK) == 0 ? file : "";
}

/// What is set already stays: it is somebody's setting.
void name_to_libpq(const char* variable, const std::string& value) {
  if (!value.empty()) ::setenv(variable, value.c_str(), 0);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

bool is_by_service(const Url& url) {
  const char* variable = std::getenv("PGSERVICE");
  const std::string service = url.value("service").empty() && variable != nullptr ? variable : url.value("service");
  return url.value("host").empty() && !service.empty();
}

void serve_services(const Url& url) {
  if (!is_by_service(url)) return;
  // libpq refuses a file that is named and absent, instead of looking further.
  name_to_libpq("PGSERVICEFILE", unread(url, "PGSERVICEFILE", "/.pg_service.conf"));
  if (const std::optional<Account> account = account_of(::geteuid())) name_to_libpq("PGUSER", account->name);
}

std::string unread_passfile(const Url& url) { return unread(url, "PGPASSFILE", "/.pgpass"); }

}  // namespace schemagate
