#pragma once

#include "database/url.hpp"

namespace schemagate {

/// Puts in the place of the service that `url` or PGSERVICE names what its file says, where the URL says nothing. Left
/// to libpq, its host would be looked up by NSS, its `sslkey` could name an engine, and `sslmode=verify-full` would
/// want an authority under HOME: all of them the image's.
///
/// The file is PGSERVICEFILE, else `.pg_service.conf` in `url.home`, and then `pg_service.conf` in PGSYSCONFDIR
/// (PostgreSQL documentation, "The Connection Service File"). Throws Failure 78; no text of it contains a value.
void add_service(Url& url);

}  // namespace schemagate
