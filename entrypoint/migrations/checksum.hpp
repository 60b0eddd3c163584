#pragma once

#include <string>
#include <string_view>

namespace schemagate {

/// Lower-case hex SHA-256.
[[nodiscard]] std::string checksum(std::string_view script);

/// Whether `recorded` stands for this script: as it is, with LF, or with CRLF line ends; rows of old Prisma versions,
/// which did not pad bytes below 16 with a zero, count too. Source: prisma-engines,
/// schema-engine/connectors/schema-connector/src/checksum.rs.
[[nodiscard]] bool matches(std::string_view script, std::string_view recorded);

}  // namespace schemagate
