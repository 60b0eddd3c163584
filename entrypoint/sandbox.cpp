#include "sandbox.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "failure.hpp"
#include "schema/throwaway.hpp"

namespace schemagate {
namespace {

/// What a server needs to hear from its supervisor or its terminal, as tini forwards it.
constexpr std::array forwarded{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

/// What a child runs with is the mask that Signals found, and SIGCHLD as we found it.
class Forwarding {
 public:
  Forwarding() {
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGCHLD);
    for (const int number : forwarded) sigaddset(&heard, number);
    sigprocmask(SIG_BLOCK, &heard, nullptr);
    // Where our parent ignores it, the kernel forgets how a child ended.
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, &found_);
    descriptor_ = ::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Forwarding() { ::close(descriptor_); }
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

  void restore_for_exec() const { sigaction(SIGCHLD, &found_, nullptr); }

  /// What waitpid told of the child.
  [[nodiscard]] int until_end(pid_t child) const {
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      (void)Wait::undisturbed().on(descriptor_, Until::readable, Clock::time_point::max());
      signalfd_siginfo signal{};
      while (::read(descriptor_, &signal, sizeof signal) == sizeof signal) forward(signal, child);
    }
    return status;
  }

 private:
  /// A terminal's ^C comes from the kernel, and to the whole process group: the child already has it.
  static void forward(const signalfd_siginfo& signal, pid_t child) {
    const int number = static_cast<int>(signal.ssi_signo);
    if (number != SIGCHLD && signal.ssi_code != SI_KERNEL) ::kill(child, number);
  }

  int descriptor_ = -1;
  struct sigaction found_ {};
};

/// The caller's environment, with this server in the place of every other one.
std::vector<std::string> variables(const Environment& environment, const Url& url) {
  std::vector<std::string> result;
  for (const char* entry : environment.block())
    if (const std::string_view text{entry == nullptr ? "PG" : entry};
        !text.starts_with("PG") && !text.starts_with("DATABASE_URL=") && !text.starts_with("DATABASE_URL_FILE="))
      result.emplace_back(text);
  const std::string address = fmt::format("127.0.0.1:{}", url.value("port"));
  result.push_back(fmt::format("DATABASE_URL=postgresql://{}:{}@{}/{}{}", url.value("user"), url.value("password"),
                               address, url.value("dbname"), url.schema.empty() ? "" : "?schema=" + url.schema));
  for (const auto& [name, keyword] :
       {std::pair{"PGHOST", "host"}, std::pair{"PGPORT", "port"}, std::pair{"PGUSER", "user"},
        std::pair{"PGPASSWORD", "password"}, std::pair{"PGDATABASE", "dbname"}})
    result.push_back(fmt::format("{}={}", name, url.value(keyword)));
  return result;
}

/// In the child. It must not survive us: nobody would remove what it then does.
[[noreturn]] void become(const Gate& gate, const Program& program, std::vector<std::string> entries, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(128 + SIGKILL);
  std::vector<char*> block(entries.size() + 1);
  std::ranges::transform(entries, block.begin(), [](std::string& entry) { return entry.data(); });
  try {
    exec_program(program, Environment{block.data()}, gate.signals, "the throw-away server is removed");
  } catch (const Failure& failure) {
    gate.log.failure(failure.report());
    ::_exit(failure.report().code);
  }
}

int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

/// In our process group, so that the terminal treats the two as one: ^C, ^Z, reading in the background.
int run_program(const Gate& gate, const Program& program, std::vector<std::string> entries) {
  const Forwarding forwarding;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error{errno, std::generic_category(), "fork"};
  if (child == 0) {
    forwarding.restore_for_exec();
    become(gate, program, std::move(entries), parent);
  }
  return exit_code(forwarding.until_end(child));
}

Url url_of(const Throwaway& server, const std::optional<Sealed>& sealed) {
  Url url = parse_url(server.url(), "");
  if (sealed && sealed->head.schema != "public") url.schema = sealed->head.schema;
  return url;
}

void migrate(const Gate& gate, const Url& url) {
  Config config = gate.config;
  config.command = Command::apply;
  config.policy = {};
  config.drift = OnDrift::refuse;
  config.create_database = false;
  pass(Gate{config, gate.folder, gate.sealed, url, gate.log, gate.signals, gate.wait});
}

}  // namespace

int sandbox(const Gate& gate, const Program& program, Environment& environment) {
  const Held held{gate.signals};
  Throwaway server{{.programs = gate.config.pg_bin, .listens = true, .port = gate.config.line.port},
                   environment,
                   gate.wait,
                   gate.log};
  const Url url = url_of(server, gate.sealed);
  migrate(gate, url);
  gate.signals.hold();
  const std::vector<std::string> entries = variables(environment, url);
  const int code = run_program(gate, program, entries);
  if (gate.config.line.keep)
    gate.log.info("server_kept", fmt::format("the server stays: {}\n  remove it:  {}", server.url(), server.keep()));
  return code;
}

}  // namespace schemagate
