#pragma once

#include <string>
#include <string_view>

namespace schemagate {

/// Whether git keeps exactly this content under that name, which says itself whether it is SHA-1 or SHA-256.
[[nodiscard]] bool is_blob(std::string_view content, std::string_view object);

/// The same where line ends do not count: as they are, all LF, or all CRLF, as for a checksum.
[[nodiscard]] bool is_blob_of(std::string_view script, std::string_view object);

/// As git turns CRLF: a CR alone stays.
[[nodiscard]] std::string lf_ends(std::string_view content);

}  // namespace schemagate
