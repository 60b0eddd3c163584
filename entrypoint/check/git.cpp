#include "check/git.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <random>
#include <utility>

#include "text.hpp"

namespace schemagate {
namespace {

namespace bp = boost::process;

/// As if it had been started without us, and gone when we are.
struct Plain : bp::extend::handler {
  template <typename Executor>
  void on_exec_setup(Executor& /*unused*/) const {
    ::signal(SIGPIPE, SIG_DFL);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
};

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 65536> part{};
  for (ssize_t length = 0; (length = ::read(descriptor, part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(length));
  return text;
}

/// Nothing that we ask would run these, which is no reason to let them stand.
const std::vector<std::string> always{"--no-pager", "--no-optional-locks",      "-c", "core.fsmonitor=false",
                                      "-c",         "core.hooksPath=/dev/null", "-c", "submodule.recurse=false"};

/// What git may know of where we are. A hook's GIT_DIR and GIT_INDEX_FILE say what is about to be committed; SUDO_UID,
/// whose repository root may read.
constexpr std::array passed_on{"PATH",
                               "LD_LIBRARY_PATH",
                               "HOME",
                               "XDG_CONFIG_HOME",
                               "SUDO_UID",
                               "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                               "GIT_ATTR_NOSYSTEM",
                               "GIT_CEILING_DIRECTORIES",
                               "GIT_COMMON_DIR",
                               "GIT_CONFIG_GLOBAL",
                               "GIT_CONFIG_NOSYSTEM",
                               "GIT_CONFIG_SYSTEM",
                               "GIT_DIR",
                               "GIT_DISCOVERY_ACROSS_FILESYSTEM",
                               "GIT_INDEX_FILE",
                               "GIT_OBJECT_DIRECTORY",
                               "GIT_WORK_TREE"};

/// Nobody can guess it. A repository can have `git-remote-NAME` of any name run, as an alias, once a protocol of that
/// name is allowed. Source: transport-helper.c, get_helper().
std::string no_protocol() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// A clone may lack objects, and git fetches them as it goes, by a program that the repository names.
/// GIT_NO_LAZY_FETCH is known since 2.39.4; before, each protocol is refused. Source: git(1), GIT_ALLOW_PROTOCOL, which
/// comes before all configuration. Messages are matched in English.
void forbid(bp::environment& variables) {
  for (const auto& [name, value] :
       {std::pair{"GIT_OPTIONAL_LOCKS", "0"}, std::pair{"GIT_TERMINAL_PROMPT", "0"},
        std::pair{"GIT_NO_LAZY_FETCH", "1"}, std::pair{"GIT_PAGER", "cat"}, std::pair{"LC_ALL", "C"}})
    variables[name] = value;
  variables["GIT_ALLOW_PROTOCOL"] = no_protocol();
}

bp::environment variables(const std::map<std::string, std::optional<std::string>>& more) {
  bp::environment result;
  for (const char* name : passed_on)
    if (const char* value = std::getenv(name); value != nullptr) result[name] = value;
  forbid(result);
  for (const auto& [name, text] : more) {
    result.erase(name);
    if (text) result[name] = *text;
  }
  return result;
}

std::string_view variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

/// CI names the folders that are to be trusted there, too. Source: git-config(1), GIT_CONFIG_COUNT.
std::vector<std::string> trusted() {
  std::vector<std::string> words;
  const int count = whole_number(variable("GIT_CONFIG_COUNT")).value_or(0);
  for (int i = 0; i < count && !variable(fmt::format("GIT_CONFIG_KEY_{}", i)).empty(); ++i)
    if (variable(fmt::format("GIT_CONFIG_KEY_{}", i)) == "safe.directory")
      words.insert(words.end(),
                   {"-c", fmt::format("safe.directory={}", variable(fmt::format("GIT_CONFIG_VALUE_{}", i)))});
  return words;
}

}  // namespace

Git::Git() {
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path, ':')) {
    // A relative one would be looked up in the repository.
    if (!folder.starts_with('/')) continue;
    program_ = std::string{folder} + "/git";
    if (::access(program_.c_str(), X_OK) == 0) return;
  }
  program_.clear();
}

/// Input and errors are files, so that no pipe can fill up while another one is waited for.
Answer Git::ask(const std::vector<std::string>& words, const std::string& input) const {
  std::vector<std::string> all = always;
  std::ranges::copy(trusted(), std::back_inserter(all));
  all.insert(all.end(), words.begin(), words.end());
  const File given{std::tmpfile()};
  const File errors{std::tmpfile()};
  std::fwrite(input.data(), 1, input.size(), given.get());
  std::rewind(given.get());
  bp::pipe output;
  bp::child child{bp::exe = program_,
                  bp::args = all,
                  variables(variables_),
                  bp::start_dir = folder_,
                  bp::std_in<given.get(), bp::std_out>
                      output,
                  bp::std_err > errors.get(),
                  Plain{}};
  ::close(output.native_sink());
  output.assign_sink(-1);
  Answer answer;
  answer.out = read_all(output.native_source());
  child.wait();
  answer.code = child.exit_code();
  std::rewind(errors.get());
  answer.err = read_all(::fileno(errors.get()));
  return answer;
}

std::string Git::out(const std::vector<std::string>& words, const std::string& input) const {
  Answer answer = ask(words, input);
  if (answer.code != 0) throw Unanswered{without_line_end(answer.err)};
  return std::move(answer.out);
}

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string_view> pieces(std::string_view text) {
  std::vector<std::string_view> result = split(text, '\0');
  result.pop_back();
  return result;
}

}  // namespace schemagate
