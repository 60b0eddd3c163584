#pragma once

#include <string_view>

namespace schemagate {

/// Refuses by its name a letter around a connection string that nobody sees, or that looks like a quote: what editors,
/// chats and word processors put around a text that is copied from them. Throws BadUrl.
void require_visible_ends(std::string_view text);

}  // namespace schemagate
