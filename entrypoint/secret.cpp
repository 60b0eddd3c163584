#include "secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "failure.hpp"
#include "mask.hpp"
#include "server/dump.hpp"
#include "server/signals.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* own = own_secrets[0];
constexpr auto looked_every = std::chrono::milliseconds{10};
constexpr std::size_t most_bytes = 65536;
constexpr const char* shared = "DATABASE_URL";

[[noreturn]] void refuse(const std::string& what, const std::string& where, const std::string& next) {
  throw Failure{ExitCode::configuration, what, where, not_contacted, next};
}

/// Nothing of it is told: it may be the secret itself, in the wrong variable.
void require_no_connection(const std::string& variable, const std::string& value) {
  const bool is_file = variable.ends_with("_FILE");
  if (!is_connection(value) && !(is_file && is_like_connection(value))) return;
  refuse(fmt::format("{} holds a connection string instead of a {}", variable, is_file ? "file's name" : "command"),
         variable,
         fmt::format("put it into {}{}", variable.substr(0, variable.rfind('_')),
                     is_file ? ", or write it into a file and name that" : ""));
}

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

/// But for line ends around it. What a secret store adds, or two secrets in one, would be a part of the password.
void require_one_line(const std::string& text, const std::string& holder, const std::string& where) {
  const std::string line = without_line_end(text);
  if (line.find_first_of("\r\n", line.find_first_not_of("\r\n")) == std::string::npos) return;
  refuse(holder + " more than one line, and a connection string has one", where,
         "leave only the connection string; a line break in a password is written %0A in a URL");
}

/// The last line end that editors and `echo` add is not part of a secret.
std::string from_file(const std::string& variable, const std::string& path) {
  require_no_connection(variable, path);
  std::ifstream stream{path, std::ios::binary};
  const int error = std::filesystem::is_directory(path) ? EISDIR : errno;
  if (!stream || error == EISDIR)
    refuse(fmt::format("the file that {} names cannot be read: {}", variable, std::strerror(error)), path,
           fmt::format("mount the secret there, readable by uid {}", ::geteuid()));
  std::string text = without_line_end({std::istreambuf_iterator<char>{stream}, {}});
  if (text.empty()) refuse(fmt::format("the file that {} names is empty", variable), path, "write the URL into it");
  require_one_line(text, fmt::format("the file that {} names has", variable), path);
  return text;
}

namespace bp = boost::process;

/// As if it had been started without us, and gone when we are.
struct Untouched : bp::extend::handler {
  explicit Untouched(const Environment& environment) : block{environment.block()} {}

  template <typename Executor>
  void on_setup(Executor& executor) {
    executor.env = block.data();
  }
  template <typename Executor>
  void on_exec_setup(Executor& /*unused*/) const {
    ::signal(SIGPIPE, SIG_DFL);
    restore_dumps();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }

  std::vector<char*> block;
};

/// The reading end of a pipe whose other end the command has.
class Output {
 public:
  explicit Output(bp::pipe& pipe) : descriptor_{pipe.native_source()} {
    ::close(pipe.native_sink());
    pipe.assign_sink(-1);
    ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// What is there by now; false at its end, and where more came than anybody means.
  bool read(std::string& text) const {
    std::array<char, 4096> part{};
    while (text.size() < most_bytes) {
      const ssize_t length = ::read(descriptor_, part.data(), part.size());
      if (length <= 0) return length < 0 && errno == EAGAIN;
      text.append(part.data(), static_cast<std::size_t>(length));
    }
    return false;
  }

 private:
  int descriptor_;
};

/// The command's own words, line by line: a shell repeats what it does not understand, which may be a secret.
class Words {
 public:
  explicit Words(Output output) : output_{output} {}
  ~Words() {
    pass_on();
    say(text_);
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  void pass_on() {
    output_.read(text_);
    const std::size_t end = text_.size() < most_bytes ? text_.rfind('\n') + 1 : text_.size();
    say(text_.substr(0, end));
    text_.erase(0, end);
  }

 private:
  static void say(const std::string& text) {
    const std::string shown = masked(text);
    std::fwrite(shown.data(), 1, shown.size(), stderr);
  }

  Output output_;
  std::string text_;
};

/// False when `end` came first.
bool read_all(const Output& output, Words& words, Clock::time_point end, std::string& text) {
  while (output.read(text)) {
    words.pass_on();
    if (Clock::now() >= end) return false;
    (void)Wait::undisturbed().on(output.descriptor(), Until::readable, std::min(end, Clock::now() + looked_every));
  }
  return true;
}

/// False when `end` came first. A command may close its output long before it ends.
bool has_ended(bp::child& child, Words& words, Clock::time_point end) {
  std::error_code error;
  while (child.running(error)) {
    words.pass_on();
    if (Clock::now() >= end) return false;
    Wait::undisturbed().pause(std::chrono::milliseconds{5});
  }
  return true;
}

void require_shell(const std::string& variable) {
  if (::access("/bin/sh", X_OK) != 0)
    refuse(fmt::format("{} needs /bin/sh, which the image does not have", variable), variable,
           fmt::format("give the URL by {} or {}_FILE", own, own));
}

/// `status` is what waitpid told.
void require_success(int status, const std::string& variable) {
  if (status == 0) return;
  const std::string how = WIFSIGNALED(status) ? "was killed by " + signal_name(WTERMSIG(status))
                                              : fmt::format("failed with exit code {}", WEXITSTATUS(status));
  refuse(fmt::format("the command in {} {}", variable, how), variable,
         "its own words are above; run it by hand in the image");
}

/// Through the shell, as its user would type it.
std::string from_command(const Environment& environment, const std::string& variable, const std::string& command,
                         Clock::duration limit) {
  require_no_connection(variable, command);
  require_shell(variable);
  const Clock::time_point end = Clock::now() + limit;
  const ChildrenNoticed noticed;
  bp::pipe out;
  bp::pipe err;
  bp::group group;
  bp::child child{"/bin/sh",
                  "-c",
                  command,
                  bp::std_in<bp::null, bp::std_out> out,
                  bp::std_err > err,
                  group,
                  Untouched{environment}};
  const Output output{out};
  Words words{Output{err}};
  std::string text;
  std::error_code error;
  if (!read_all(output, words, end, text) || !has_ended(child, words, end)) {
    group.terminate(error);
    child.wait(error);
    refuse(fmt::format("the command in {} printed no URL within {}", variable, spoken(limit)), variable,
           "run it by hand; to give it longer, raise --wait (SCHEMAGATE_WAIT)");
  }
  words.pass_on();
  require_success(child.native_exit_code(), variable);
  text = without_line_end(text);
  if (text.empty())
    refuse(fmt::format("the command in {} printed nothing", variable), variable, "it must print the URL on stdout");
  require_one_line(text, fmt::format("the command in {} printed", variable), variable);
  return text;
}

/// At most one of the variables that are set.
std::optional<std::string> only_one(const Environment& environment, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const std::string& name : names)
    if (environment.value(name)) found.push_back(name);
  if (found.size() > 1)
    refuse(fmt::format("{} are set, and only one can be meant", join(found, " and ")), join(found, ", "),
           "remove all but one");
  return found.empty() ? std::nullopt : std::optional{found[0]};
}

std::string read_variable(const Environment& environment, const std::string& name, Clock::duration limit) {
  std::string value = *environment.value(name);
  if (name.ends_with("_FILE")) return from_file(name, value);
  if (name.ends_with("_COMMAND")) return from_command(environment, name, value, limit);
  require_one_line(value, name + " has", name);
  return value;
}

std::optional<std::string> find_url(Environment& environment, Clock::duration limit) {
  const auto direct = only_one(environment, {own_secrets.begin(), own_secrets.end()});
  std::optional<std::string> url;
  if (direct) url = read_variable(environment, *direct, limit);
  for (const char* name : own_secrets) environment.wipe(name);
  if (url) return url;
  if (const auto name = only_one(environment, {shared, std::string{shared} + "_FILE"}))
    return read_variable(environment, *name, limit);
  for (const char* name : {"PGHOST", "PGSERVICE", "PGDATABASE"})
    if (environment.value(name)) return std::nullopt;
  refuse("no database is named", "environment",
         "set SCHEMAGATE_DATABASE_URL (or …_FILE, or …_COMMAND), or DATABASE_URL:\n"
         "  postgresql://USER:PASSWORD@HOST:5432/DATABASE");
}

}  // namespace

std::optional<std::string> database_url(Environment& environment, Clock::duration limit) {
  std::optional<std::string> url = find_url(environment, limit);
  if (url) {
    conceal(*url);
    conceal_connection(*url);
  }
  return url;
}

}  // namespace schemagate
