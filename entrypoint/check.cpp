#include "check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "check/facts.hpp"
#include "check/judge.hpp"
#include "check/show.hpp"
#include "failure.hpp"
#include "output.hpp"
#include "schema/sealed.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path result = fs::weakly_canonical(fs::absolute(path), error);
  return error ? fs::absolute(path) : result;
}

bool is_in(const fs::path& path, const fs::path& parent) {
  const std::string way = path.lexically_relative(parent).string();
  return !way.empty() && way != ".." && !way.starts_with("../");
}

/// As one would name it here.
std::string named(const fs::path& path) {
  const fs::path here = real(".");
  return is_in(path, here) ? path.lexically_relative(here).string() : path.string();
}

TextFile read_text(const fs::path& path) {
  std::ifstream stream{path, std::ios::binary};
  std::error_code error;
  if (!stream || !fs::is_regular_file(path, error))
    throw Failure{ExitCode::configuration, "the file cannot be read", path.string(), not_contacted,
                  "name another one: --dockerfile (SCHEMAGATE_DOCKERFILE), or none"};
  return {named(path), {std::istreambuf_iterator<char>{stream}, {}}};
}

std::optional<TextFile> read_if_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error) ? std::optional{read_text(path)} : std::nullopt;
}

Watched watched(Watched::Role role, const Folder& folder, const std::string& name) {
  return {role, name, folder.path + "/" + name, (real(folder.path) / name).string()};
}

/// Paths are absolute still.
std::vector<Watched> files_of(const Folder& folder) {
  std::vector<Watched> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{folder.path, error})
    if (!entry.is_symlink(error) && fs::exists(entry.path() / "migration.sql", error))
      files.push_back(watched(Watched::Role::migration, folder, entry.path().filename().string() + "/migration.sql"));
  std::ranges::sort(files, {}, &Watched::name);
  if (fs::exists(fs::path{folder.path} / "migration_lock.toml", error))
    files.push_back(watched(Watched::Role::lock, folder, "migration_lock.toml"));
  return files;
}

/// Nothing where there may be none.
std::optional<SealedFile> read_snapshot(const Config& config, const Folder& folder) {
  if (config.snapshot == "none") return std::nullopt;
  SealedFile file{config.snapshot.empty() ? usual_file(folder) : config.snapshot, {}, {}, std::nullopt};
  std::error_code error;
  if (config.snapshot.empty() && !fs::exists(fs::symlink_status(file.path, error))) return std::nullopt;
  try {
    const Snapshot snapshot = whole(read_file(file.path));
    file.contradictions = contradictions(snapshot, folder.migrations);
    file.remedy = make_again(file.path, snapshot, folder);
  } catch (const Failure& failure) {
    file.broken = failure.report();
  }
  return file;
}

void add_snapshot(Evidence& facts) {
  std::error_code error;
  if (!facts.snapshot || !fs::exists(facts.snapshot->path, error)) return;
  const fs::path path = real(facts.snapshot->path);
  const fs::path folder = real(facts.folder.path);
  facts.files.push_back({Watched::Role::snapshot, is_in(path, folder) ? path.lexically_relative(folder).string() : "",
                         facts.snapshot->path, path.string()});
}

/// From `first` up to `last`, both included; nothing when the one is not below the other.
std::vector<fs::path> upwards(const fs::path& first, const fs::path& last) {
  std::vector<fs::path> result;
  if (!is_in(first, last)) return result;
  for (fs::path path = first; path != last; path = path.parent_path()) result.push_back(path);
  result.push_back(last);
  return result;
}

/// The nearest one above the folder, not above the work tree or, without git, where we are.
std::optional<fs::path> find_dockerfile(const fs::path& folder, const fs::path& limit) {
  std::vector<fs::path> places = upwards(folder.parent_path(), limit);
  if (places.empty()) places = {folder.parent_path(), limit};
  std::error_code error;
  const auto has_one = [&](const fs::path& place) { return fs::is_regular_file(place / "Dockerfile", error); };
  const auto found = std::ranges::find_if(places, has_one);
  return found == places.end() ? std::nullopt : std::optional{*found / "Dockerfile"};
}

Context context(const fs::path& place, const fs::path& folder, const fs::path& dockerfile) {
  Context result{named(place), std::nullopt, std::nullopt, read_if_there(place / ".dockerignore")};
  if (is_in(folder, place)) {
    const std::string below = folder.lexically_relative(place).string();
    result.folder = below == "." ? "" : below;
  }
  result.ignore = read_if_there(dockerfile.string() + ".dockerignore");
  if (!result.ignore) result.ignore = result.classic;
  return result;
}

/// Which folder is given to docker build is written nowhere: the Dockerfile's own, one above it, or this one.
Recipe read_recipe(const Config& config, const fs::path& folder, const fs::path& limit) {
  Recipe recipe{
      .wanted = config.dockerfile != "none", .dockerfile = std::nullopt, .target = config.target, .contexts = {}};
  if (!recipe.wanted) return recipe;
  const auto path = config.dockerfile.empty() ? find_dockerfile(folder, limit) : std::optional{real(config.dockerfile)};
  if (!path) return recipe;
  recipe.dockerfile = read_text(*path);
  std::vector<fs::path> places = upwards(path->parent_path(), limit);
  for (const fs::path& more : {real("."), limit, path->parent_path()})
    if (std::ranges::find(places, more) == places.end()) places.push_back(more);
  if (!config.context.empty()) places = {real(config.context)};
  for (const fs::path& place : places) recipe.contexts.push_back(context(place, folder, *path));
  return recipe;
}

Question question(const Config& config, const Evidence& facts) {
  Question result{real(facts.folder.path).string(), {}, config.base};
  for (const Watched& file : facts.files) result.files.push_back(file.path);
  return result;
}

Evidence gather(const Config& config) {
  Inspection inspection = inspect_folder(config.migrations);
  if (inspection.folder.migrations.empty() && inspection.broken.empty())
    (void)read_folder(config.migrations, config.allow_empty);
  Evidence facts{.folder = std::move(inspection.folder),
                 .broken = std::move(inspection.broken),
                 .files = {},
                 .snapshot = std::nullopt,
                 .repository = {},
                 .base = config.base,
                 .sealed = config.snapshot != "none",
                 .staged = config.line.staged,
                 .recipe = {}};
  facts.files = files_of(facts.folder);
  facts.snapshot = read_snapshot(config, facts.folder);
  add_snapshot(facts);
  facts.repository = read_repository(question(config, facts));
  const bool has_git = facts.repository.state == Repository::State::found;
  facts.recipe = read_recipe(config, real(config.migrations), has_git ? real(facts.repository.top) : real("."));
  for (Watched& file : facts.files) file.path = fs::path{file.path}.lexically_relative(facts.repository.top).string();
  return facts;
}

std::string rendered(const Config& config, const Evidence& facts, const std::vector<Issue>& issues) {
  const std::string summary = looked_at(facts, issues);
  if (config.line.format == Format::json) return issues_json(issues, summary);
  if (config.line.format == Format::github)
    return issues_github(issues, summary, facts.repository.top, real(".").string());
  return issues_text(issues, summary);
}

Report refusal(const std::vector<Issue>& issues) {
  const Issue& first = issues.front();
  const auto count = static_cast<std::size_t>(std::ranges::count(issues, Severity::error, &Issue::severity));
  return {.code = static_cast<int>(ExitCode::configuration),
          .what = count == 1 ? first.what : fmt::format("{}; the first: {}", counted(count, "error"), first.what),
          .where = on_one_line(first.line == 0 ? first.file : fmt::format("{}:{}", first.file, first.line)),
          .state = not_contacted,
          .next = first.next + (count == 1 ? "" : "\nthe others are on stdout")};
}

}  // namespace

void check(const Config& config, Environment& environment) {
  environment.wipe_connections();
  // Where our parent ignores SIGCHLD, the kernel would forget how git ended.
  ::signal(SIGCHLD, SIG_DFL);
  const Evidence facts = gather(config);
  const std::vector<Issue> issues = judge(facts);
  print(rendered(config, facts, issues));
  if (!issues.empty() && issues.front().severity == Severity::error) throw Failure{refusal(issues)};
}

}  // namespace schemagate
