#pragma once

#include "schema/object.hpp"

namespace schemagate {

/// Where an extension is in another schema than expected, PostgreSQL prints its types and functions with that schema's
/// name, and nothing else differs: `public.citext`, `extensions.citext`. Both sides get the same name for them, the
/// expected one. What the extension owns is not described, so a described object is never taken for one of these.
void align_extensions(Description& expected, Description& live);

}  // namespace schemagate
