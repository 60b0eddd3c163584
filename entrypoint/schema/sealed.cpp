#include "schema/sealed.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "failure.hpp"
#include "migrations/checksum.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

std::string bytes(const std::string& path) {
  std::ifstream stream{path, std::ios::binary};
  const int error = std::filesystem::is_directory(path) ? EISDIR : errno;
  if (!stream || error == EISDIR)
    throw Failure{ExitCode::configuration, fmt::format("the snapshot cannot be read: {}", std::strerror(error)), path,
                  not_contacted, "schemagate snapshot writes it; --snapshot none does without"};
  std::string text(std::filesystem::file_size(path), '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

/// As git may have it on another machine.
std::string with_plain_ends(std::string text) {
  for (std::size_t at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n", at)) text.erase(at, 1);
  return text;
}

template <typename Read>
Snapshot checked(const std::string& path, const Read& read) try {
  return read();
} catch (const BadSnapshot& bad) {
  throw Failure{ExitCode::configuration, fmt::format("the snapshot is damaged: {}", bad.what()),
                fmt::format("{}:{}", path, bad.line), untouched, "make it again and commit it:  schemagate snapshot"};
}

void require_agreement(const Sealed& sealed, const Folder& folder) {
  const std::vector<std::string> lines = contradictions(sealed.head, folder.migrations);
  if (lines.empty()) return;
  throw Failure{
      ExitCode::configuration,
      fmt::format("the snapshot was not made from the migrations of this image:\n  {}", indent(listed(lines), 2)),
      fmt::format("{}, {}", sealed.file, folder.path), not_contacted,
      "if a migration was changed by mistake, restore it; else " + make_again(sealed.file, sealed.head, folder)};
}

}  // namespace

const std::string& Sealed::hash() const {
  if (known_hash.empty()) known_hash = checksum(text);
  return known_hash;
}

std::string make_again(const std::string& file, const Snapshot& snapshot, const Folder& folder) {
  return fmt::format("make it again and commit it:  {}schemagate snapshot",
                     lost(snapshot, folder.migrations).empty() ? "" : fmt::format("rm {} && ", file));
}

std::string usual_file(const Folder& folder) { return folder.path + "/schema.snapshot"; }

Sealed read_file(const std::string& path) {
  std::string text = with_plain_ends(bytes(path));
  Snapshot head = checked(path, [&] { return read_head(text); });
  return {path, std::move(head), std::move(text)};
}

Snapshot whole(const Sealed& sealed) {
  return checked(sealed.file, [&] { return read_snapshot(sealed.text); });
}

std::optional<Sealed> read_sealed(const std::string& setting, const Folder& folder) {
  if (setting == "none") return std::nullopt;
  const std::string path = setting.empty() ? usual_file(folder) : setting;
  std::error_code error;
  if (setting.empty() && !std::filesystem::exists(std::filesystem::symlink_status(path, error))) return std::nullopt;
  Sealed sealed = read_file(path);
  require_agreement(sealed, folder);
  return sealed;
}

}  // namespace schemagate
