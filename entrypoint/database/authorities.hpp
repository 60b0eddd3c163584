#pragma once

#include <string>

namespace schemagate {

/// Who may vouch for a server where the URL names nobody.
struct Authorities {
  std::string file;  ///< for libpq, which takes one: of the image, or made of several
  std::string note;  ///< what was left out; empty when nothing was
};

/// What Node.js, OpenSSL and Go look at: the distribution's bundle, or SSL_CERT_FILE in its place, the files of
/// SSL_CERT_DIR, and NODE_EXTRA_CA_CERTS besides. Throws Failure 78 where there are none, for `mode`.
[[nodiscard]] const Authorities& authorities(const std::string& mode);

/// Refuses a file that was named and cannot be read: libpq would silently verify less. Throws Failure 78.
void require_authorities(const std::string& mode, const std::string& file);

}  // namespace schemagate
