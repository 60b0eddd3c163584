#include "check/blob.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace schemagate {
namespace {

constexpr std::size_t sha256_digits = 64;

std::string hex(const EVP_MD* kind, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, kind, nullptr);
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + length, ""));
}

/// Every `\n`, also one that follows a `\r` already: what Prisma does.
std::string crlf_ends(std::string_view script) {
  std::string result;
  for (const char c : script) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

}  // namespace

/// Source: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_object_storage.
bool is_blob(std::string_view content, std::string_view object) {
  std::string whole = fmt::format("blob {}", content.size());
  whole.append(1, '\0').append(content);
  return hex(object.size() == sha256_digits ? EVP_sha256() : EVP_sha1(), whole) == object;
}

bool is_blob_of(std::string_view script, std::string_view object) {
  return is_blob(script, object) || is_blob(lf_ends(script), object) || is_blob(crlf_ends(script), object);
}

std::string lf_ends(std::string_view content) {
  std::string result;
  result.reserve(content.size());
  for (std::size_t i = 0; i < content.size(); ++i)
    if (content[i] != '\r' || i + 1 == content.size() || content[i + 1] != '\n') result += content[i];
  return result;
}

}  // namespace schemagate
