#include "migrations/checksum.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>

namespace schemagate {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest(std::string_view script) {
  Digest bytes{};
  SHA256(reinterpret_cast<const unsigned char*>(script.data()), script.size(), bytes.data());
  return bytes;
}

std::string padded(const Digest& bytes) { return fmt::format("{:02x}", fmt::join(bytes, "")); }
std::string unpadded(const Digest& bytes) { return fmt::format("{:x}", fmt::join(bytes, "")); }

std::string with_lf(std::string_view script) {
  std::string result;
  result.reserve(script.size());
  for (std::size_t i = 0; i < script.size(); ++i)
    if (script[i] != '\r' || i + 1 == script.size() || script[i + 1] != '\n') result += script[i];
  return result;
}

/// Every `\n`, also one that follows a `\r` already: what Prisma does.
std::string with_crlf(std::string_view script) {
  std::string result;
  result.reserve(script.size());
  for (const char c : script) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

bool equals(std::string_view script, std::string_view recorded) {
  const Digest bytes = digest(script);
  return padded(bytes) == recorded || (recorded.size() != padded(bytes).size() && unpadded(bytes) == recorded);
}

}  // namespace

std::string checksum(std::string_view script) { return padded(digest(script)); }

bool matches(std::string_view script, std::string_view recorded) {
  return equals(script, recorded) || equals(with_lf(script), recorded) || equals(with_crlf(script), recorded);
}

}  // namespace schemagate
