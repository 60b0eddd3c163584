#include "schema/programs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "failure.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

constexpr const char* without_path = "/usr/local/bin:/usr/bin:/bin";
constexpr const char* usual_places =
    "/usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, /usr/libexec/postgresql*, /usr/local/pgsql/bin";

bool has_programs(const fs::path& folder) {
  return ::access((folder / "initdb").c_str(), X_OK) == 0 && ::access((folder / "postgres").c_str(), X_OK) == 0;
}

/// `PARENT/PREFIX15`: Debian, PGDG's RPMs, Alpine.
struct Versions {
  const char* parent;
  const char* prefix;
  const char* programs;
};
constexpr std::array packagers{Versions{"/usr/lib/postgresql", "", "bin"}, Versions{"/usr", "pgsql-", "bin"},
                               Versions{"/usr/libexec", "postgresql", ""}};

/// Those that are there, newest first.
std::vector<fs::path> installed(const Versions& place) {
  std::vector<std::pair<int, fs::path>> found;
  const std::string_view prefix = place.prefix;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{place.parent, error}) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    if (const auto version = whole_number(std::string_view{name}.substr(prefix.size())))
      found.emplace_back(*version, entry.path() / place.programs);
  }
  std::ranges::sort(found, std::greater{});
  std::vector<fs::path> folders(found.size());
  std::ranges::transform(found, folders.begin(), [](const auto& version) { return version.second; });
  return folders;
}

std::vector<fs::path> candidates(const std::string& path) {
  std::vector<fs::path> folders;
  for (const std::string_view folder : split(path, ':'))
    if (!folder.empty()) folders.emplace_back(folder);
  for (const Versions& place : packagers) std::ranges::move(installed(place), std::back_inserter(folders));
  folders.emplace_back("/usr/local/pgsql/bin");
  return folders;
}

[[noreturn]] void refuse(const std::string& where) {
  throw Failure{ExitCode::configuration, "a throw-away PostgreSQL needs initdb and postgres, and they were not found",
                where, not_contacted,
                "apt-get install postgresql, or name the folder that holds them: --pg-bin (SCHEMAGATE_PG_BIN);\n"
                "in a Dockerfile, do this in a stage FROM postgres"};
}

}  // namespace

std::string find_postgres(const std::string& given, const Environment& environment) {
  if (!given.empty() && !has_programs(given)) refuse("--pg-bin " + given);
  if (!given.empty()) return fs::absolute(given);
  const std::string path = environment.value("PATH").value_or(without_path);
  const std::vector<fs::path> folders = candidates(path);
  const auto found = std::ranges::find_if(folders, has_programs);
  if (found == folders.end()) refuse(fmt::format("PATH={}\n{}", path, usual_places));
  return fs::absolute(*found);
}

}  // namespace schemagate
