#include "migrations/lock_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <optional>

#include "failure.hpp"

namespace schemagate {
namespace {

constexpr const char* remedy = R"(write: provider = "postgresql")";

[[noreturn]] void refuse(const std::string& what, const std::string& file, const std::string& next) {
  throw Failure{ExitCode::configuration, what, file, not_contacted, next};
}

}  // namespace

void require_postgresql(std::string_view toml, const std::string& file) {
  std::optional<std::string> provider;
  try {
    provider = toml::parse(toml)["provider"].value<std::string>();
  } catch (const toml::parse_error& error) {
    refuse(fmt::format("migration_lock.toml is not TOML: {}", error.description()),
           fmt::format("{}:{}", file, error.source().begin.line), remedy);
  }
  if (!provider) refuse("migration_lock.toml names no provider", file, remedy);
  if (*provider != "postgresql" && *provider != "postgres")
    refuse(fmt::format("the migrations were made for {}, and schemagate is for PostgreSQL", *provider), file,
           "copy the PostgreSQL migrations into the image, or start a new history with prisma migrate dev");
}

}  // namespace schemagate
