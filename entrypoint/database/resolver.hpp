#pragma once

#include <string>
#include <vector>

namespace schemagate {

/// What a host name stands for.
struct Lookup {
  std::vector<std::string> addresses;  ///< numeric, the best first
  std::string error;                   ///< in the resolver's words; empty when there are addresses
};

/// /etc/hosts, then the servers of /etc/resolv.conf, blocking. getaddrinfo() would do, but reads nsswitch.conf,
/// gai.conf and host.conf besides, and loads modules of the image that were built for another glibc.
[[nodiscard]] Lookup resolve_host(const std::string& host);

/// An address in figures, with nothing asked; nothing else.
[[nodiscard]] Lookup numeric_host(const std::string& host);

}  // namespace schemagate
