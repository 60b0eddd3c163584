#include "secret.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "failure.hpp"
#include "server/signals.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* own = own_secrets[0];
constexpr const char* shared = "DATABASE_URL";

[[noreturn]] void refuse(const std::string& what, const std::string& where, const std::string& next) {
  throw Failure{ExitCode::configuration, what, where, not_contacted, next};
}

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

/// The last line end that editors and `echo` add is not part of a secret.
std::string from_file(const std::string& variable, const std::string& path) {
  std::ifstream stream{path, std::ios::binary};
  const int error = std::filesystem::is_directory(path) ? EISDIR : errno;
  if (!stream || error == EISDIR)
    refuse(fmt::format("the file that {} names cannot be read: {}", variable, std::strerror(error)), path,
           fmt::format("mount the secret there, readable by uid {}", ::geteuid()));
  std::string text = without_line_end({std::istreambuf_iterator<char>{stream}, {}});
  if (text.empty()) refuse(fmt::format("the file that {} names is empty", variable), path, "write the URL into it");
  return text;
}

namespace bp = boost::process;

/// As if it had been started without us, and gone when we are.
struct Untouched : bp::extend::handler {
  template <typename Executor>
  void on_exec_setup(Executor& /*unused*/) const {
    ::signal(SIGPIPE, SIG_DFL);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
};

/// False when `end` came first.
bool read_all(int descriptor, Clock::time_point end, std::string& text) {
  std::array<char, 4096> part{};
  while (Wait::undisturbed().on(descriptor, Until::readable, end)) {
    const ssize_t length = ::read(descriptor, part.data(), part.size());
    if (length <= 0) return true;
    text.append(part.data(), static_cast<std::size_t>(length));
  }
  return false;
}

/// False when `end` came first. A command may close its output long before it ends.
bool has_ended(bp::child& child, Clock::time_point end) {
  std::error_code error;
  while (child.running(error)) {
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

/// Through the shell, as its user would type it. Its stderr is ours, so its own words are seen.
std::string from_command(const std::string& variable, const std::string& command, Clock::duration limit) {
  require_shell(variable);
  const Clock::time_point end = Clock::now() + limit;
  const ChildrenNoticed noticed;
  bp::pipe output;
  bp::group group;
  bp::child child{"/bin/sh", "-c", command, bp::std_in<bp::null, bp::std_out> output, group, Untouched{}};
  ::close(output.native_sink());
  output.assign_sink(-1);
  std::string text;
  std::error_code error;
  if (!read_all(output.native_source(), end, text) || !has_ended(child, end)) {
    group.terminate(error);
    child.wait(error);
    refuse(fmt::format("the command in {} printed no URL within {}", variable, spoken(limit)), variable,
           "run it by hand; to give it longer, raise --wait (SCHEMAGATE_WAIT)");
  }
  require_success(child.native_exit_code(), variable);
  text = without_line_end(text);
  if (text.empty())
    refuse(fmt::format("the command in {} printed nothing", variable), variable, "it must print the URL on stdout");
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
  if (name.ends_with("_COMMAND")) return from_command(name, value, limit);
  return value;
}

}  // namespace

std::optional<std::string> database_url(Environment& environment, Clock::duration limit) {
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

}  // namespace schemagate
