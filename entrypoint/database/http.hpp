#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "wait.hpp"

namespace schemagate {

/// Where a plain `http://host[:port][/path]` leads. An IPv6 address stands in brackets.
struct HttpAddress {
  std::string authority;  ///< as written, for the Host header
  std::string host;       ///< without brackets
  std::string port;       ///< `80` when absent
  std::string path;       ///< with its query; at least `/`

  friend bool operator==(const HttpAddress&, const HttpAddress&) = default;
};

/// Throws std::invalid_argument for anything else, `https://` too.
[[nodiscard]] HttpAddress parse_http(std::string_view text);

struct HttpAnswer {
  unsigned status = 0;
  std::string body;  ///< 64 kB at most
};

/// No whole answer. Says why, in one line, and nothing of the answer.
struct HttpFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One GET. Neither TLS nor proxies nor redirects. A name is resolved when it starts, which blocks. Throws HttpFailed,
/// also when there is no answer by `end`, and what Wait throws.
[[nodiscard]] HttpAnswer http_get(const HttpAddress& address,
                                  const std::vector<std::pair<std::string, std::string>>& headers, const Wait& wait,
                                  Clock::time_point end);

}  // namespace schemagate
