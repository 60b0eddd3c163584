#pragma once

#include "server/environment.hpp"

namespace schemagate {

/// Before anything else in main(): OpenSSL reads no configuration of the image, whose providers and engines are shared
/// libraries built for another glibc (OPENSSL_init_crypto(3), OPENSSL_INIT_NO_LOAD_CONFIG; libpq's own call comes too
/// late to change it).
void ignore_configurations();

/// From here on libpq, glibc and OpenSSL find in the environment what is a setting of theirs that people give to a
/// start, and nothing that names other files of the image; HOME is a place where nothing can be. An empty PG* variable
/// is absent, as it is for us: libpq would refuse PGSSLMODE= and look for the service "". What `environment` passes on
/// stays.
void restrict_libraries(const Environment& environment);

}  // namespace schemagate
