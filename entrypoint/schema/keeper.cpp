#include "schema/keeper.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "server/signals.hpp"
#include "text.hpp"
#include "wait.hpp"

namespace schemagate {
namespace {

namespace bp = boost::process;

constexpr auto stop_patience = std::chrono::seconds{5};
constexpr std::size_t told_lines = 10;
constexpr char stay = 's';
// Where a keeper finds what it has from its maker.
constexpr int maker_descriptor = 3;
constexpr int lock_descriptor = 4;

std::system_error failed(const char* call) { return {errno, std::generic_category(), call}; }

std::string last_lines(const std::string& file) {
  std::ifstream stream{file};
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  if (lines.size() > told_lines) lines.erase(lines.begin(), lines.end() - told_lines);
  return join(lines, "\n");
}

/// In the child. Not after: the kernel forgets the signal of a parent's death when the user changes (prctl(2)).
void become(const Account& account) {
  if (::setgroups(0, nullptr) == 0 && ::setgid(account.group) == 0 && ::setuid(account.user) == 0) return;
  fmt::print(stderr, "cannot become {}: {}\n", account.name, std::strerror(errno));
  std::fflush(stderr);
  ::_exit(126);
}

/// Of another user, without our signals, told to stop when the keeper is killed.
struct Alone : bp::extend::handler {
  const std::optional<Account>* account;
  int at_end;
  Alone(const std::optional<Account>& found, int number) : account{&found}, at_end{number} {}

  template <typename Executor>
  void on_exec_setup(Executor& /*unused*/) const {
    if (*account) become(**account);
    ::prctl(PR_SET_PDEATHSIG, at_end);
    ::signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
  }
};

/// Children of ours and, as we are their subreaper, those that lost their parent.
std::vector<pid_t> children() {
  const std::string self = std::to_string(::getpid());
  std::ifstream stream{fmt::format("/proc/{0}/task/{0}/children", self)};
  return {std::istream_iterator<pid_t>{stream}, {}};
}

void reap() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
}

/// The keeper's own life, after fork.
class Keeping {
 public:
  explicit Keeping(const Service& service) : service_{service}, wait_{descriptor_of_signals(), std::nullopt} {
    for (const auto& [name, value] : service.variables) environment_[name] = value;
  }

  void serve() {
    if (prepare()) {
      bp::child server = start(service_.server, SIGQUIT);
      if (ends(server)) report(service_.server, server);
      quit(server);
    }
    for (int tries = 0; tries < 500 && !children().empty(); ++tries) kill_children();
  }

 private:
  /// TERM, INT, HUP and QUIT end the keeper, CHLD may mean that a program ended.
  static int descriptor_of_signals() {
    sigset_t heard;
    sigemptyset(&heard);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&heard, number);
    ::signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &heard, nullptr);
    return ::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  [[nodiscard]] bp::child start(const Service::Words& words, int at_end) const {
    return bp::child{bp::args = Service::Words{words.begin() + 1, words.end()}, bp::exe = words.front(), environment_,
                     bp::start_dir = service_.folder, Alone{service_.account, at_end}};
  }

  /// False when it failed, or when there is nobody left to do it for.
  bool prepare() {
    for (const Service::Words& words : service_.preparations) {
      bp::child child = start(words, SIGKILL);
      if (!ends(child)) return false;
      if (child.exit_code() == 0) return true;
      if (&words == &service_.preparations.back()) report(words, child);
    }
    return false;
  }

  /// False when it is time for us to end first.
  bool ends(bp::child& child) {
    std::error_code error;
    while (child.running(error)) try {
        if (wait_.on(maker_, Until::readable, Clock::time_point::max()) && !is_to_stay()) return false;
      } catch (const Stopped& stop) {
        if (stop.signal != SIGCHLD) return false;
      }
    return true;
  }

  /// What became readable: a word, or the end of our maker.
  bool is_to_stay() {
    char word = 0;
    if (::read(maker_, &word, 1) != 1 || word != stay) return false;
    maker_ = -1;
    return true;
  }

  void report(const Service::Words& words, bp::child& child) const {
    const int status = child.native_exit_code();
    const std::string how = WIFSIGNALED(status) ? "was killed by " + signal_name(WTERMSIG(status))
                                                : fmt::format("ended with exit code {}", WEXITSTATUS(status));
    const std::string text = fmt::format("{} {}\n{}", std::filesystem::path{words.front()}.filename().string(), how,
                                         last_lines(service_.folder + "/log"));
    if (maker_ >= 0) [[maybe_unused]]
      const auto written = ::write(maker_, text.data(), text.size());
  }

  /// At once, but orderly: a server that is killed leaves a shared memory segment behind.
  static void quit(bp::child& server) {
    std::error_code error;
    if (server.running(error)) ::kill(server.id(), SIGQUIT);
    const Clock::time_point end = Clock::now() + stop_patience;
    while (server.running(error) && Clock::now() < end) Wait::undisturbed().pause(std::chrono::milliseconds{2});
  }

  static void kill_children() {
    for (const pid_t child : children()) ::kill(child, SIGKILL);
    reap();
    Wait::undisturbed().pause(std::chrono::milliseconds{2});
  }

  const Service& service_;
  Wait wait_;
  bp::environment environment_;
  int maker_ = maker_descriptor;
};

/// Nothing of our maker's but the pipe to it and the lock; a log instead of its output.
void take_over(const std::string& folder, int maker, int lock) {
  ::setsid();
  [[maybe_unused]] const int moved = ::chdir(folder.c_str());
  ::prctl(PR_SET_NAME, "schemagate-keep");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int null = ::open("/dev/null", O_RDONLY);
  const int log = ::open((folder + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  const std::array sources{null, log, log, maker, lock};
  std::array<int, sources.size()> aside{};
  for (std::size_t i = 0; i < sources.size(); ++i) aside[i] = ::fcntl(sources[i], F_DUPFD_CLOEXEC, 10);
  for (std::size_t i = 0; i < aside.size(); ++i)
    ::dup3(aside[i], static_cast<int>(i), i < maker_descriptor ? 0 : O_CLOEXEC);
  ::closefrom(lock_descriptor + 1);
}

[[noreturn]] void keep(const Service& service, int maker, int lock) {
  try {
    take_over(service.folder, maker, lock);
    Keeping{service}.serve();
  } catch (const std::exception& error) {
    [[maybe_unused]] const auto written = ::write(maker_descriptor, error.what(), std::strlen(error.what()));
  }
  std::error_code error;
  std::filesystem::remove_all(service.folder, error);
  ::_exit(0);
}

}  // namespace

Keeper::Keeper(const Service& service, int lock) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw failed("socketpair");
  // A signal that is handled as ours is would end the keeper, and nobody would clean up.
  sigset_t all;
  sigset_t found;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &found);
  pid_ = ::fork();
  if (pid_ == 0) keep(service, ends[1], lock);
  sigprocmask(SIG_SETMASK, &found, nullptr);
  ::close(ends[1]);
  descriptor_ = ends[0];
  if (pid_ < 0) throw failed("fork");
}

Keeper::~Keeper() {
  if (!left_) {
    ::shutdown(descriptor_, SHUT_WR);
    (void)last_words();
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(descriptor_);
}

std::string Keeper::last_words() const {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t length = ::read(descriptor_, part.data(), part.size());
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(length));
  }
}

void Keeper::leave() { left_ = ::write(descriptor_, &stay, 1) == 1; }

}  // namespace schemagate
