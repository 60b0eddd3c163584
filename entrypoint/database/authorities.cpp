#include "database/authorities.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "failure.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

// Debian and Alpine, Fedora, SUSE, OpenELEC, Fedora's newer place, Alpine's and macOS's old one (Go, crypto/x509,
// root_linux.go), Nix.
constexpr std::array bundles{"/etc/ssl/certs/ca-certificates.crt",
                             "/etc/pki/tls/certs/ca-bundle.crt",
                             "/etc/ssl/ca-bundle.pem",
                             "/etc/pki/tls/cacert.pem",
                             "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                             "/etc/ssl/cert.pem",
                             "/etc/ssl/certs/ca-bundle.crt"};
constexpr std::size_t most_bytes = 16UL * 1024 * 1024;

bool is_readable(const std::string& file) {
  return ::access(file.c_str(), R_OK) == 0 && fs::is_regular_file(fs::path{file});
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

[[noreturn]] void refuse(const std::string& what, const std::string& where) {
  throw Failure{ExitCode::configuration, what, where, not_contacted,
                "put the certificate of the server's authority into the image and name it:\n"
                "  COPY --from=debian:bookworm-slim /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n"
                "or mount a file and add to the URL:  sslrootcert=/path/to/ca.pem"};
}

[[noreturn]] void refuse_several(const std::vector<std::string>& files, const std::string& reason) {
  throw Failure{ExitCode::configuration,
                fmt::format("the certificate authorities of several files cannot be put together: {}", reason),
                join(files, ", "), not_contacted,
                "mount /proc, or write them all into one file and add to the URL:  sslrootcert=/path/to/ca.pem"};
}

/// The one that stands for all public authorities; empty without one.
std::string bundle() {
  for (const char* name : {"SSL_CERT_FILE", "NIX_SSL_CERT_FILE"})
    if (std::string file = variable(name); !file.empty()) {
      if (is_readable(file)) return file;
      refuse(fmt::format("the file of certificate authorities that {} names cannot be read", name), file);
    }
  const auto* const found = std::ranges::find_if(bundles, is_readable);
  return found == bundles.end() ? "" : *found;
}

std::string content(const std::string& file) {
  std::string text;
  std::ifstream stream{file, std::ios::binary};
  std::copy_n(std::istreambuf_iterator<char>{stream}, std::min<std::uintmax_t>(fs::file_size(file), most_bytes),
              std::back_inserter(text));
  return text;
}

bool holds_certificates(const std::string& file) {
  return content(file).find("-----BEGIN CERTIFICATE-----") != std::string::npos;
}

/// Of SSL_CERT_DIR, a list as PATH is one. Several links lead to one file, as c_rehash makes them.
std::vector<std::string> in_folders() {
  std::vector<std::string> found;
  std::error_code error;
  const std::string folders = variable("SSL_CERT_DIR");
  for (const std::string_view folder : split(folders, ':'))
    for (const fs::directory_entry& entry : fs::directory_iterator{folder, error})
      if (is_readable(entry.path()) && holds_certificates(entry.path()))
        found.push_back(fs::canonical(entry.path(), error));
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

/// Kept open until the exec, which closes it.
std::string merged(const std::vector<std::string>& files) {
  const int descriptor = ::memfd_create("certificate authorities", MFD_CLOEXEC);
  for (const std::string& file : files) {
    const std::string text = content(file) + "\n";
    if (descriptor < 0 || ::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      refuse_several(files, std::strerror(errno));
  }
  std::string path = fmt::format("/proc/self/fd/{}", descriptor);
  if (::access(path.c_str(), R_OK) != 0) refuse_several(files, "/proc is not mounted");
  return path;
}

Authorities find(const std::string& mode) {
  std::vector<std::string> files = in_folders();
  if (const std::string public_ones = bundle(); !public_ones.empty()) files.insert(files.begin(), public_ones);
  Authorities result;
  if (const std::string extra = variable("NODE_EXTRA_CA_CERTS"); !extra.empty()) {
    if (is_readable(extra))
      files.push_back(extra);
    else
      result.note = fmt::format("the file that NODE_EXTRA_CA_CERTS names cannot be read and is left out: {}", extra);
  }
  if (files.empty())
    refuse(fmt::format("sslmode={} needs certificate authorities, and the image has none", mode),
           fmt::format("{}", fmt::join(bundles, ", ")));
  result.file = files.size() == 1 ? files[0] : merged(files);
  return result;
}

}  // namespace

const Authorities& authorities(const std::string& mode) {
  static const Authorities found = find(mode);
  return found;
}

void require_authorities(const std::string& mode, const std::string& file) {
  if (mode != "disable" && ::access(file.c_str(), R_OK) != 0)
    refuse("the file of certificate authorities that sslrootcert names cannot be read", file);
}

}  // namespace schemagate
