#include "check/git.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

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

/// A monitor is a program that the repository names.
const std::vector<std::string> always{"--no-pager", "--no-optional-locks",     "-c", "core.fsmonitor=false",
                                      "-c",         "core.hooksPath=/dev/null"};

/// A hook's GIT_DIR and GIT_INDEX_FILE stay: they say what is about to be committed. Messages are matched in English.
bp::environment variables(const std::map<std::string, std::optional<std::string>>& more) {
  bp::environment result = boost::this_process::environment();
  for (const auto& [name, value] : {std::pair{"GIT_OPTIONAL_LOCKS", "0"}, std::pair{"GIT_TERMINAL_PROMPT", "0"},
                                    std::pair{"GIT_PAGER", "cat"}, std::pair{"LC_ALL", "C"}})
    result[name] = value;
  for (const char* name : {"LANGUAGE", "GIT_TRACE", "GIT_EXTERNAL_DIFF"}) result.erase(name);
  for (const auto& [name, text] : more) {
    result.erase(name);
    if (text) result[name] = *text;
  }
  return result;
}

}  // namespace

Git::Git() {
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path, ':')) {
    program_ = std::string{folder} + "/git";
    if (::access(program_.c_str(), X_OK) == 0) return;
  }
  program_.clear();
}

/// Input and errors are files, so that no pipe can fill up while another one is waited for.
Answer Git::ask(const std::vector<std::string>& words, const std::string& input) const {
  std::vector<std::string> all = always;
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

}  // namespace schemagate
