#include "migrations/folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>

#include "failure.hpp"
#include "migrations/checksum.hpp"
#include "migrations/lock_file.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& what, const std::string& where, const std::string& next) {
  throw Failure{ExitCode::configuration, what, where, not_contacted, next};
}

constexpr const char* copy_advice =
    "check the COPY line of the Dockerfile and .dockerignore, or name the folder with --migrations";

[[noreturn]] void refuse_unreadable(const fs::path& file) {
  refuse("the file cannot be read", file.string(), "chmod a+r " + file.string());
}

/// A folder can be opened like a file; only reading it fails.
std::string read_file(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream.is_open()) refuse_unreadable(file);
  std::string text;
  std::array<char, 65536> part{};
  do {
    stream.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(stream.gcount()));
  } while (stream);
  if (stream.bad()) refuse_unreadable(file);
  return text;
}

/// Which bytes may follow which (The Unicode Standard, table 3-7).
struct Form {
  unsigned char first, last;  ///< of the first byte
  unsigned char low, high;    ///< of the second
  std::size_t length;
};

constexpr std::array<Form, 9> forms{{{0x00, 0x7f, 0, 0, 1},
                                     {0xc2, 0xdf, 0x80, 0xbf, 2},
                                     {0xe0, 0xe0, 0xa0, 0xbf, 3},
                                     {0xe1, 0xec, 0x80, 0xbf, 3},
                                     {0xed, 0xed, 0x80, 0x9f, 3},
                                     {0xee, 0xef, 0x80, 0xbf, 3},
                                     {0xf0, 0xf0, 0x90, 0xbf, 4},
                                     {0xf1, 0xf3, 0x80, 0xbf, 4},
                                     {0xf4, 0xf4, 0x80, 0x8f, 4}}};

bool is_between(char c, unsigned char low, unsigned char high) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= low && byte <= high;
}

/// Length of the well-formed UTF-8 sequence at the start of `text`, which is not empty; 0 when there is none.
std::size_t sequence(std::string_view text) {
  const auto* form = std::ranges::find_if(forms, [&](const Form& f) { return is_between(text[0], f.first, f.last); });
  if (form == forms.end() || text.size() < form->length) return 0;
  if (form->length > 1 && !is_between(text[1], form->low, form->high)) return 0;
  const std::string_view rest = text.substr(0, form->length).substr(std::min<std::size_t>(2, form->length));
  return std::ranges::all_of(rest, [](char c) { return is_between(c, 0x80, 0xbf); }) ? form->length : 0;
}

std::optional<std::size_t> invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = static_cast<signed char>(text[at]) >= 0 ? 1 : sequence(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::string at_line(const std::string& file, std::string_view text, std::size_t offset) {
  return fmt::format("{}:{}", file, 1 + std::ranges::count(text.substr(0, offset), '\n'));
}

/// PostgreSQL refuses a BOM and cuts a simple query at a NUL; both would be found only half way.
void require_text(const std::string& script, const std::string& file) {
  if (script.starts_with("\xef\xbb\xbf"))
    refuse("the migration starts with a byte order mark, which PostgreSQL refuses as a syntax error", file + ":1",
           R"(save it as UTF-8 without BOM: sed -i '1s/^\xEF\xBB\xBF//' )" + file);
  if (const std::size_t nul = script.find('\0'); nul != std::string::npos)
    refuse("the migration contains a NUL byte", at_line(file, script, nul),
           "remove the byte; a file in UTF-16 must be saved as UTF-8");
  if (const std::optional<std::size_t> bad = invalid_utf8(script))
    refuse(fmt::format("the migration is not UTF-8: byte 0x{:02x}", static_cast<unsigned char>(script[*bad])),
           at_line(file, script, *bad), "save it as UTF-8: iconv -f LATIN1 -t UTF-8");
}

Migration read_migration(const fs::path& folder) {
  const fs::path file = folder / "migration.sql";
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found)
    refuse(fmt::format("the migration {} has no migration.sql", folder.filename().string()), file.string(),
           "restore the file, or delete its folder, and build the image again");
  if (error)
    refuse(fmt::format("the file cannot be read: {}", error.message()), file.string(), "chmod a+rX " + folder.string());
  if (status.type() != fs::file_type::regular)
    refuse("migration.sql is not a file", file.string(), "put the SQL script there");
  std::string script = read_file(file);
  require_text(script, file.string());
  std::string sum = checksum(script);
  return {folder.filename().string(), file.string(), std::move(script), std::move(sum)};
}

/// The whole listing at once: what is passed over is told, not lost.
void read_entry(const fs::directory_entry& entry, Folder& folder) {
  const std::string name = entry.path().filename().string();
  std::error_code error;  // a link to nowhere, or to itself, is no folder
  if (entry.is_symlink(error)) {
    if (entry.is_directory(error))
      folder.warnings.push_back(
          fmt::format("{} is a link to a folder: passed over, as Prisma does", entry.path().string()));
    return;
  }
  if (!entry.is_directory(error)) return;
  if (invalid_utf8(name))
    refuse("the name of a migration folder is not UTF-8", entry.path().string(), "rename the folder");
  folder.migrations.push_back(read_migration(entry.path()));
}

void require_folder(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const std::string reason = error.message();
  const std::string whole = fs::absolute(path, error).string();
  if (status.type() == fs::file_type::not_found) refuse("the migrations folder does not exist", whole, copy_advice);
  if (status.type() == fs::file_type::none)
    refuse("the migrations folder cannot be read: " + reason, whole, "chmod a+x every folder above it");
  if (status.type() != fs::file_type::directory) refuse("the migrations folder is not a folder", whole, copy_advice);
}

std::vector<fs::directory_entry> entries(const std::string& path) try {
  std::vector<fs::directory_entry> all{fs::directory_iterator{path}, {}};
  std::ranges::sort(all);
  return all;
} catch (const fs::filesystem_error& error) {
  refuse(fmt::format("the migrations folder cannot be read: {}", error.code().message()),
         error.path1().empty() ? path : error.path1().string(), "chmod -R a+rX " + path);
}

template <typename Read>
void keep_refusal(std::vector<Report>& broken, const Read& read) try {
  read();
} catch (const Failure& failure) {
  broken.push_back(failure.report());
}

void read_lock_file(const std::string& folder) {
  const fs::path file = fs::path{folder} / "migration_lock.toml";
  std::error_code error;
  if (fs::exists(file, error)) require_postgresql(read_file(file), file.string());
}

}  // namespace

Inspection inspect_folder(const std::string& path) {
  require_folder(path);
  Inspection found{.folder = {.path = path, .migrations = {}, .warnings = {}}, .broken = {}};
  keep_refusal(found.broken, [&] { read_lock_file(path); });
  for (const fs::directory_entry& entry : entries(path))
    keep_refusal(found.broken, [&] { read_entry(entry, found.folder); });
  std::ranges::sort(found.folder.migrations, {}, &Migration::name);
  return found;
}

Folder read_folder(const std::string& path, bool allow_empty) {
  Inspection found = inspect_folder(path);
  if (!found.broken.empty()) throw Failure{found.broken.front()};
  if (found.folder.migrations.empty() && !allow_empty)
    refuse("the migrations folder is empty", path, std::string{copy_advice} + "; if it is meant, say --allow-empty");
  return std::move(found.folder);
}

}  // namespace schemagate
