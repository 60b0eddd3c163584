#include "server/libraries.hpp"

#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "text.hpp"

namespace schemagate {
namespace {

/// Read by us, by the terminal's library, by the resolver (resolv.conf(5)).
constexpr std::array<std::string_view, 14> known{"CONTAINER_APP_REPLICA_NAME",
                                                 "COLORTERM",
                                                 "HOSTNAME",
                                                 "IDENTITY_ENDPOINT",
                                                 "IDENTITY_HEADER",
                                                 "LOCALDOMAIN",
                                                 "NIX_SSL_CERT_FILE",
                                                 "NODE_EXTRA_CA_CERTS",
                                                 "NO_COLOR",
                                                 "PATH",
                                                 "RES_OPTIONS",
                                                 "SSL_CERT_DIR",
                                                 "SSL_CERT_FILE",
                                                 "TERM"};

/// libpq's all begin with PG; it asks for translations of its messages where PGLOCALEDIR says.
bool is_known(std::string_view name) {
  return std::ranges::find(known, name) != known.end() || (name.starts_with("PG") && name != "PGLOCALEDIR");
}

}  // namespace

void ignore_configurations() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

void restrict_libraries(const Environment& environment) {
  static std::vector<std::string> entries;
  static std::vector<char*> block;
  // What is below a device is absent for everybody (ENOTDIR). Time is UTC, which no file has to tell (tzset(3): behind
  // the colon would be its name), and a resolver of glibc's finds nothing in host.conf(5).
  entries = {"HOME=/dev/null", "TZ=:", "RESOLV_HOST_CONF=/dev/null"};
  for (const std::string& entry : environment.entries())
    if (const auto [name, value] = cut(entry, '='); is_known(name) && !(value.empty() && name.starts_with("PG")))
      entries.push_back(entry);
  block.clear();
  for (std::string& entry : entries) block.push_back(entry.data());
  block.push_back(nullptr);
  environ = block.data();
}

}  // namespace schemagate
