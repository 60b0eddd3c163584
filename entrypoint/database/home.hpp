#pragma once

#include <string>

#include "database/url.hpp"

namespace schemagate {

/// Whether libpq takes host and more from a file of services: the URL or PGSERVICE names one, and the URL no host.
[[nodiscard]] bool is_by_service(const Url& url);

/// Names to libpq what a service needs and is not found otherwise: the file of services under HOME, and the user that
/// NSS would be asked for.
void serve_services(const Url& url);

/// libpq's file of passwords under HOME, which is there and not read, because PGPASSFILE does not name it; empty
/// without one.
[[nodiscard]] std::string unread_passfile(const Url& url);

}  // namespace schemagate
