#include "schema/throwaway.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "database/connect.hpp"
#include "failure.hpp"
#include "mask.hpp"
#include "schema/keeper.hpp"
#include "schema/programs.hpp"
#include "schema/workplace.hpp"
#include "server/accounts.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* user = "postgres";
constexpr const char* database = "app";
constexpr int usual_port = 5432;  // of a socket, whose folder is our own
constexpr auto start_patience = std::chrono::seconds{60};

std::optional<Account> unprivileged() {
  if (::geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"})
    if (std::optional<Account> found = account_named(name)) return found;
  throw Failure{ExitCode::configuration,
                "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as", "/etc/passwd",
                not_contacted, "start schemagate as another user, or add one:  useradd --system postgres"};
}

/// A port on 127.0.0.1 that is kept for the server until it listens: while nobody does, the kernel lets two bind to it
/// who both say SO_REUSEADDR (socket(7)), as PostgreSQL does, and gives it to nobody else.
class Port {
 public:
  /// A free one for 0.
  explicit Port(int wanted) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(wanted));
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, size) != 0) refuse(wanted, std::strerror(errno));
    ::getsockname(socket_, generic, &size);
    number_ = ntohs(address.sin_port);
  }
  ~Port() { ::close(socket_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  [[nodiscard]] int number() const { return number_; }

 private:
  [[noreturn]] static void refuse(int port, const char* why) {
    throw Failure{ExitCode::configuration, fmt::format("port {} cannot be listened on: {}", port, why),
                  fmt::format("127.0.0.1:{}", port), not_contacted,
                  "name another port, or leave out --port: a free one is taken then"};
  }

  int socket_;
  int number_ = 0;
};

std::string random_password() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) throw std::runtime_error{"no random bytes"};
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

/// libpq reads PG* by itself, and no keyword overrules PGSERVICE or PGHOSTADDR.
class WithoutVariables {
 public:
  WithoutVariables() {
    for (char** entry = environ; *entry != nullptr; ++entry)
      if (const auto [name, value] = cut(*entry, '='); name.starts_with("PG")) found_.emplace_back(name, value);
    for (const auto& [name, value] : found_) ::unsetenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  }
  ~WithoutVariables() {
    for (const auto& [name, value] : found_) ::setenv(name.c_str(), value.c_str(), 0);  // NOLINT(concurrency-mt-unsafe)
  }
  WithoutVariables(const WithoutVariables&) = delete;
  WithoutVariables& operator=(const WithoutVariables&) = delete;

 private:
  std::vector<std::pair<std::string, std::string>> found_;
};

/// `C.UTF-8` where there is one: nothing that a description holds depends on it, but a program's lower() does.
Service::Words initdb(const std::string& programs, const Workplace& place, const std::string& locale) {
  return {programs + "/initdb",
          "--pgdata=" + place.path() + "/data",
          fmt::format("--username={}", user),
          "--auth=scram-sha-256",
          "--pwfile=" + place.path() + "/password",
          "--encoding=UTF8",
          "--locale=" + locale,
          "--wal-segsize=1",
          "--no-instructions",
          "--no-sync"};
}

Service::Words postgres(const std::string& programs, const std::string& folder, bool listens, int port) {
  Service::Words words{programs + "/postgres", "-D", folder + "/data"};
  for (const std::string& setting :
       {fmt::format("listen_addresses={}", listens ? "127.0.0.1" : ""), fmt::format("port={}", port),
        "unix_socket_directories=" + folder, std::string{"unix_socket_permissions=0700"},
        // Nothing here is worth a write to the disk, or a worker in the background.
        std::string{"fsync=off"}, std::string{"full_page_writes=off"}, std::string{"synchronous_commit=off"},
        std::string{"autovacuum=off"}, std::string{"jit=off"},
        // A killed server leaves nothing in /dev/shm, which is small in containers.
        std::string{"dynamic_shared_memory_type=mmap"}, std::string{"shared_buffers=32MB"},
        // What migrations may need: publications, prepared transactions.
        std::string{"wal_level=logical"}, std::string{"max_prepared_transactions=8"},
        // One migration may create thousands of tables.
        std::string{"max_locks_per_transaction=1024"}}) {
    words.emplace_back("-c");
    words.push_back(setting);
  }
  return words;
}

Service service(const std::string& programs, const Workplace& place, const std::optional<Account>& account,
                const Environment& environment, Service::Words server) {
  Service made{.folder = place.path(),
               .preparations = {initdb(programs, place, "C.UTF-8"), initdb(programs, place, "C")},
               .server = std::move(server),
               .variables = {{"HOME", place.path()}, {"LC_ALL", "C"}, {"TZ", "UTC"}},
               .account = account};
  for (const char* name : {"PATH", "LD_LIBRARY_PATH"})
    if (const auto value = environment.value(name)) made.variables[name] = *value;
  return made;
}

}  // namespace

struct Throwaway::State {
  State(const ThrowawayOptions& options, const Environment& environment)
      : listens{options.listens},
        programs{find_postgres(options.programs, environment)},
        account{unprivileged()},
        reserved{listens ? std::make_unique<Port>(options.port.value_or(0)) : nullptr},
        port{reserved ? reserved->number() : usual_port},
        place{environment.value("TMPDIR"), account},
        password_file{place.secret("password", password)},
        keeper{service(programs, place, account, environment, postgres(programs, place.path(), options.listens, port)),
               place.lock()} {}

  [[nodiscard]] Keywords keywords(const std::string& name) const {
    return {{"host", place.path()}, {"port", std::to_string(port)}, {"user", user}, {"password", password},
            {"dbname", name},       {"client_encoding", "UTF8"}};
  }

  [[noreturn]] void refuse(const std::string& how) const {
    throw Failure{ExitCode::unreachable, fmt::format("the throw-away PostgreSQL did not start: {}", indent(how, 2)),
                  programs, not_contacted,
                  "the lines above are its own words; to take another PostgreSQL, name the folder of its programs: "
                  "--pg-bin (SCHEMAGATE_PG_BIN)"};
  }

  [[nodiscard]] Connection connect(const Wait& wait) const {
    const Clock::time_point end = Clock::now() + start_patience;
    for (;;) {
      if (wait.on(keeper.descriptor(), Until::readable, Clock::now() + std::chrono::milliseconds{5}))
        refuse(keeper.last_words());
      Attempt attempt{keywords("postgres")};
      if (attempt.complete(wait, end)) return attempt.connection(wait);
      if (Clock::now() > end) refuse(attempt.error());
    }
  }

  void prepare(const Wait& wait) {
    Connection connection = connect(wait);
    ::unlink(password_file.c_str());
    if (const Reply made = connection.bare(fmt::format("CREATE DATABASE {}", database)); made.error)
      throw QueryFailed{*made.error};
    const std::vector<Row> rows = connection.query("SHOW server_version_num");
    major = whole_number(rows.at(0).at(0).value_or("")).value_or(0) / 10000;
  }

  bool listens;
  WithoutVariables without_variables;
  std::string password = random_password();
  std::string programs;
  std::optional<Account> account;
  std::unique_ptr<Port> reserved;
  int port;
  Workplace place;
  std::string password_file;
  Keeper keeper;
  int major = 0;
};

Throwaway::Throwaway(const ThrowawayOptions& options, const Environment& environment, const Wait& wait, const Log& log)
    : state_{std::make_unique<State>(options, environment)} {
  // Nobody's secret: sandbox --keep tells it.
  reveal(state_->password);
  const Clock::time_point start = Clock::now();
  try {
    state_->prepare(wait);
  } catch (const DeadlinePassed&) {
    throw Failure{ExitCode::lock_timeout, "--deadline (SCHEMAGATE_DEADLINE) passed", "the throw-away PostgreSQL",
                  not_contacted, "start again, with a longer deadline if it happens again"};
  } catch (const ConnectionLost&) {
    state_->refuse(state_->keeper.last_words());
  }
  log.info("server_started",
           fmt::format("started a throw-away PostgreSQL {} in {}", state_->major, spoken(Clock::now() - start)));
}

Throwaway::~Throwaway() = default;

std::string Throwaway::url() const {
  if (state_->listens)
    return fmt::format("postgresql://{}:{}@127.0.0.1:{}/{}?sslmode=disable", user, state_->password, state_->port,
                       database);
  return fmt::format("host={} port={} user={} password={} dbname={}", state_->place.path(), state_->port, user,
                     state_->password, database);
}

int Throwaway::major() const { return state_->major; }

std::string Throwaway::keep() {
  state_->keeper.leave();
  return fmt::format("kill {}", state_->keeper.pid());
}

}  // namespace schemagate
