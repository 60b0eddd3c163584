#include "check/shipping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "check/ignore.hpp"
#include "check/shell.hpp"
#include "check/show.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* no_migrations =
    "the image has no migrations, or too few, and does not start, or starts too early";
constexpr const char* name_context = "name the folder that docker build is given: --context (SCHEMAGATE_CONTEXT)";

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
  /// `alone`: no other context is as likely.
  Behind(const Evidence& facts, const Shipped& shipped, bool alone)
      : facts_{facts}, context_{*shipped.context}, landed_{shipped.landed}, alone_{alone} {}

  std::vector<Issue> landing() {
    judge_landing();
    return issues_;
  }

  std::vector<Issue> left_out_of_it() {
    if (context_.ignore) judge_ignored(*context_.ignore);
    if (context_.classic && issues_.empty()) judge_classic(*context_.classic);
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
    std::string doubts;
    for (const std::string& reason : landed_.reasons) doubts += (doubts.empty() ? ":\n" : "\n") + on_one_line(reason);
    const std::string& target = facts_.recipe.target;
    const std::string in_last =
        fmt::format("add to {}: {}", target.empty() ? "the last stage" : "stage " + target, copy_line());
    switch (landed_.how) {
      case Landing::copied:
        return;
      case Landing::displaced:
        return add(Severity::warning, "dockerfile", file.path, landed_.line,
                   fmt::format("the image has the migrations in {}, and a start in {} looks for prisma/migrations or "
                               "migrations there",
                               on_one_line(landed_.place), on_one_line(landed_.workdir)),
                   "a start that is not told otherwise does not find them (78)",
                   fmt::format("say where they are: ENV SCHEMAGATE_MIGRATIONS={}", quoted(landed_.place)));
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
      case Landing::elsewhere:
        return add(Severity::warning, "dockerfile", file.path, landed_.line,
                   fmt::format("the last stage does not get the migrations; stage {} does", on_one_line(landed_.stage)),
                   no_migrations,
                   fmt::format("if that is the one you build, name it: --target {0} (SCHEMAGATE_TARGET={0}); else {1}",
                               quoted(landed_.stage), in_last));
      case Landing::no_stage:
        return add(Severity::error, "dockerfile", file.path, 0,
                   fmt::format("no stage is called {}", facts_.recipe.target), "docker build --target refuses it",
                   "name another one: --target (SCHEMAGATE_TARGET)");
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
          fmt::format("{} keeps {} out of the build context{}:\n{}", text.at(line - 1),
                      counted(loss.files.size(), "file"), alone_ ? "" : " " + context_.path, listed(loss.files, 3)),
          loss.grave ? no_migrations : "Prisma's CLI in the image does not know the provider",
          remedy(ignore) + (alone_ ? "" : fmt::format("\nor {}", name_context)));
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
  bool alone_;
  std::vector<Issue> issues_;
};

bool fails(const std::vector<Issue>& issues) {
  return std::ranges::find(issues, Severity::error, &Issue::severity) != issues.end();
}

/// Two contexts may read one file.
bool is_told(const std::vector<Issue>& all, const Issue& issue) {
  return std::ranges::any_of(all, [&](const Issue& other) {
    return other.file == issue.file && other.line == issue.line && other.severity <= issue.severity;
  });
}

/// An error where every likely context fails, or the Dockerfile's own folder, which comes first; else it may be another
/// image's .dockerignore.
std::vector<Issue> left_out(const Evidence& facts, const std::vector<Shipped>& likely) {
  std::vector<std::vector<Issue>> found;
  found.reserve(likely.size());
  for (const Shipped& one : likely) found.push_back(Behind{facts, one, likely.size() == 1}.left_out_of_it());
  const bool certain = std::ranges::all_of(found, fails);
  std::vector<Issue> all;
  for (std::size_t i = 0; i < found.size(); ++i)
    for (Issue& issue : found[i]) {
      if (i > 0 && !certain && issue.severity == Severity::error) issue.severity = Severity::warning;
      if (!is_told(all, issue)) all.push_back(std::move(issue));
    }
  return all;
}

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
          name_context};
}

}  // namespace

std::vector<Shipped> shipped(const Recipe& recipe) {
  std::vector<Shipped> all;
  if (!recipe.dockerfile) return all;
  const std::vector<Instruction> instructions = read_dockerfile(recipe.dockerfile->text);
  for (const Context& context : recipe.contexts)
    if (context.folder) all.push_back({&context, landed(instructions, *context.folder, recipe.target)});
  const auto how = [](const Shipped& one) { return one.landed.how; };
  const auto best = std::ranges::min_element(all, {}, how);
  if (best != all.end()) std::erase_if(all, [&, least = how(*best)](const Shipped& one) { return how(one) != least; });
  return all;
}

std::vector<Issue> left_behind(const Evidence& facts) {
  if (!facts.recipe.wanted) return {};
  if (!facts.recipe.dockerfile) return {no_dockerfile(facts)};
  const std::vector<Shipped> likely = shipped(facts.recipe);
  if (likely.empty()) return {not_in_context(facts)};
  std::vector<Issue> issues = Behind{facts, likely.front(), likely.size() == 1}.landing();
  if (likely.front().landed.how >= Landing::missing) return issues;
  std::ranges::move(left_out(facts, likely), std::back_inserter(issues));
  return issues;
}

}  // namespace schemagate
