#include "check/shipping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "check/ignore.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* no_migrations =
    "the image has no migrations, or too few, and does not start, or starts too early";

std::string below(const Context& context, const std::string& name) {
  return context.folder->empty() ? name : *context.folder + "/" + name;
}

/// Files that one line leaves out.
struct Loss {
  std::vector<std::string> files;
  bool grave = false;  ///< not only the lock file
};

class Behind {
 public:
  Behind(const Evidence& facts, const Shipped& shipped)
      : facts_{facts}, context_{*shipped.context}, landed_{shipped.landed} {}

  std::vector<Issue> all() {
    judge_landing();
    if (landed_.how != Landing::missing && context_.ignore) judge_ignored(*context_.ignore);
    if (landed_.how != Landing::missing && context_.classic && issues_.empty()) judge_classic(*context_.classic);
    return issues_;
  }

 private:
  void add(Severity severity, const char* rule, const std::string& file, std::size_t line, std::string what,
           std::string why, std::string next) {
    issues_.push_back({severity, rule, file, line, std::move(what), std::move(why), std::move(next)});
  }

  [[nodiscard]] std::string copy_line() const {
    const std::string folder = context_.folder->empty() ? "." : *context_.folder;
    return fmt::format("COPY {0} {1}", folder, folder == "." ? "migrations" : folder);
  }

  void judge_landing() {
    const TextFile& file = *facts_.recipe.dockerfile;
    const std::string doubts = landed_.reasons.empty() ? "" : ":\n" + join(landed_.reasons, "\n");
    const std::string in_last = "add to the last stage: " + copy_line();
    switch (landed_.how) {
      case Landing::copied:
        return;
      case Landing::flattened:
        return add(Severity::error, "dockerfile", file.path, landed_.line,
                   "COPY with a star copies what is in the migrations' folders, not the folders",
                   "every migration.sql is written over the one before", "name the folder itself: " + copy_line());
      case Landing::missing:
        return add(Severity::error, "dockerfile", file.path, landed_.line,
                   fmt::format("no COPY or ADD brings {} into the image (build context {})",
                               context_.folder->empty() ? "the context" : *context_.folder, context_.path),
                   no_migrations,
                   in_last +
                       "\nif the base image has it: --dockerfile none (SCHEMAGATE_DOCKERFILE=none); if the "
                       "context is another folder: --context");
      case Landing::unlikely:
        return add(Severity::warning, "dockerfile", file.path, landed_.line,
                   "nothing says that the image gets the migrations, though something may bring them" + doubts,
                   no_migrations, in_last);
      case Landing::unknown:
        return add(Severity::note, "dockerfile", file.path, landed_.line,
                   "whether the image gets the migrations cannot be known" + doubts, no_migrations, "");
    }
  }

  [[nodiscard]] std::map<std::size_t, Loss> losses(const IgnoreFile& lines, Builder builder) const {
    std::map<std::size_t, Loss> result;
    for (const Watched& file : facts_.files) {
      if (file.name.empty()) continue;
      const auto line = left_out(lines, below(context_, file.name), builder);
      if (!line) continue;
      result[*line].files.push_back(file.shown);
      result[*line].grave |= file.role != Watched::Role::lock;
    }
    return result;
  }

  /// An exception that brings them back, if it does.
  [[nodiscard]] std::string remedy(const TextFile& ignore) const {
    const std::string line = "!" + below(context_, "**");
    const IgnoreFile lines = read_ignore(ignore.text + "\n" + line + "\n");
    return losses(lines, Builder::buildkit).empty() ? fmt::format("add at the end of {}: {}", ignore.path, line)
                                                    : fmt::format("take the line out of {}", ignore.path);
  }

  void judge_ignored(const TextFile& ignore) try {
    const std::vector<std::string_view> text = split(ignore.text, '\n');
    for (const auto& [line, loss] : losses(read_ignore(ignore.text), Builder::buildkit))
      add(loss.grave ? Severity::error : Severity::warning, "context", ignore.path, line,
          fmt::format("{} keeps {} out of the build context:\n{}", text.at(line - 1),
                      counted(loss.files.size(), "file"), listed(loss.files, 3)),
          loss.grave ? no_migrations : "Prisma's CLI in the image does not know the provider", remedy(ignore));
  } catch (const BadIgnore& bad) {
    add(Severity::error, "context", ignore.path, bad.line, bad.what(), "docker build refuses it", "correct the line");
  }

  /// BuildKit has them all.
  void judge_classic(const TextFile& ignore) try {
    for (const auto& [line, loss] : losses(read_ignore(ignore.text), Builder::classic))
      add(Severity::note, "context", ignore.path, line,
          fmt::format("the classic builder (DOCKER_BUILDKIT=0) keeps {} out of the build context; BuildKit does not",
                      counted(loss.files.size(), "file")),
          "it looks into no folder that is left out, unless an exception begins with the folder's own name",
          "if it is used: write exceptions without wildcards");
  } catch (const BadIgnore&) {
    return;
  }

  const Evidence& facts_;
  const Context& context_;
  const Landed& landed_;
  std::vector<Issue> issues_;
};

Issue no_dockerfile(const Evidence& facts) {
  return {Severity::note,
          "dockerfile",
          facts.folder.path,
          0,
          "no Dockerfile beside the folder or above it",
          "whether an image gets the migrations cannot be known",
          "name it: --dockerfile (SCHEMAGATE_DOCKERFILE); none if there is none"};
}

Issue not_in_context(const Evidence& facts) {
  const std::string path = facts.recipe.contexts.empty() ? "" : " " + facts.recipe.contexts.front().path;
  return {Severity::error,
          "context",
          facts.folder.path,
          0,
          fmt::format("the folder is not in the build context{}", path),
          "no COPY reaches it",
          "name the folder that docker build is given: --context (SCHEMAGATE_CONTEXT)"};
}

}  // namespace

std::optional<Shipped> shipped(const Recipe& recipe) {
  if (!recipe.dockerfile) return std::nullopt;
  const std::vector<Instruction> instructions = read_dockerfile(recipe.dockerfile->text);
  std::optional<Shipped> best;
  for (const Context& context : recipe.contexts) {
    if (!context.folder) continue;
    Landed found = landed(instructions, *context.folder);
    if (!best || found.how < best->landed.how) best = Shipped{&context, std::move(found)};
  }
  return best;
}

std::vector<Issue> left_behind(const Evidence& facts) {
  if (!facts.recipe.wanted) return {};
  if (!facts.recipe.dockerfile) return {no_dockerfile(facts)};
  const std::optional<Shipped> best = shipped(facts.recipe);
  if (!best) return {not_in_context(facts)};
  return Behind{facts, *best}.all();
}

}  // namespace schemagate
