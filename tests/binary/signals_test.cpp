#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "database/connect.hpp"
#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/namespace.hpp"
#include "support/process.hpp"

using namespace support;

namespace {

using Words = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

struct Stop {
  int number;
  const char* name;
};
constexpr std::array stops{Stop{SIGTERM, "SIGTERM"}, Stop{SIGINT, "SIGINT"}, Stop{SIGHUP, "SIGHUP"},
                           Stop{SIGQUIT, "SIGQUIT"}};

/// Asks again until it is so; 20 s are for a machine that does ten other things.
bool until(const std::function<bool()>& condition) {
  for (const auto end = Clock::now() + std::chrono::seconds{20}; Clock::now() < end;
       std::this_thread::sleep_for(std::chrono::milliseconds{2}))
    if (condition()) return true;
  return false;
}

/// A server that takes connections and never says a word.
class BlackHole {
 public:
  BlackHole() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_, generic, length) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    REQUIRE(::getsockname(listener_, generic, &length) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~BlackHole() {
    for (const int descriptor : {listener_, session_})
      if (descriptor >= 0) ::close(descriptor);
  }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;

  [[nodiscard]] std::string url() const {
    return "postgresql://nobody:word@127.0.0.1:" + std::to_string(port_) + "/none";
  }
  /// Blocks until a client is connected.
  void accept() { session_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); }

 private:
  int listener_ = -1;
  int session_ = -1;
  int port_ = 0;
};

/// A session that another replica would have.
schemagate::Connection session(const Database& database) {
  const schemagate::Wait wait = schemagate::Wait::undisturbed();
  schemagate::Attempt attempt{{{"host", "127.0.0.1"},
                               {"port", server().at("SERVER_PORT")},
                               {"user", "postgres"},
                               {"password", server().at("SERVER_PASSWORD")},
                               {"dbname", database.name()},
                               {"application_name", "the other replica"}}};
  REQUIRE(attempt.complete(wait, Clock::now() + std::chrono::seconds{20}));
  return attempt.connection(wait);
}

/// A start under test, alone or as PID 1 of a new PID namespace, as in a container.
class Start {
 public:
  Start(const Words& arguments, const Variables& variables, bool as_pid_1, const std::function<void()>& prepare = {})
      : running_{words(arguments, as_pid_1), variables, prepare}, as_pid_1_{as_pid_1} {}

  bool wait_for(const std::string& text) { return running_.wait_for(text); }
  /// Only once it runs.
  void signal(int number) {
    sent_ = Clock::now();
    ::kill(pid(), number);
  }
  Ran finish() {
    Ran ran = running_.finish();
    took_ = Clock::now() - sent_;
    keep(ran);
    return ran;
  }
  /// From the signal to the end.
  [[nodiscard]] Clock::duration took() const { return took_; }
  /// As seen from outside of its namespace.
  [[nodiscard]] pid_t pid() const {
    if (!as_pid_1_) return running_.pid();
    pid_t child = 0;
    const std::string outer = std::to_string(running_.pid());
    until([&] { return static_cast<bool>(std::ifstream{"/proc/" + outer + "/task/" + outer + "/children"} >> child); });
    return child;
  }

 private:
  static Words words(const Words& arguments, bool as_pid_1) {
    Words all;
    if (as_pid_1) all = as_first_process();
    all.push_back(binary());
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  Running running_;
  bool as_pid_1_;
  Clock::time_point sent_;
  Clock::duration took_{};
};

std::string stopped_text(const std::string& name) {
  return "schemagate: stopped by " + name +
         "\n  state  no migration was running; the program was not started\n  next   start again\n";
}

std::string stopped_json(const Stop& stop) {
  return fmt::format(R"("level":"error","event":"refused","code":{},"what":"stopped by {}","where":"",)"
                     R"("state":"no migration was running; the program was not started","next":"start again"}})"
                     "\n",
                     128 + stop.number, stop.name);
}

/// A folder whose last migration takes as long as the table `pace` says.
struct Slow {
  Database database;
  Folder folder;
  Variables variables{{"SCHEMAGATE_DATABASE_URL", database.url("?application_name=slow")}};

  Slow() {
    folder.migration("1_pace", "CREATE TABLE pace AS SELECT 30 AS seconds");
    REQUIRE(support::schemagate(apply(), variables).code == 0);
    folder.migration("2_slow", "CREATE TABLE slow (id int);\nSELECT pg_sleep(seconds) FROM pace;\n");
  }

  [[nodiscard]] Words apply() const { return {"apply", "--migrations", folder.path()}; }
  void hurry() const { database.query("UPDATE pace SET seconds = 0"); }
  [[nodiscard]] bool is_running() const {
    return database.value(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "application_name = 'slow' AND wait_event = 'PgSleep'") == "1";
  }
  [[nodiscard]] std::string sessions() const {
    return database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'slow'");
  }
  [[nodiscard]] std::string locks() const {
    return database.value(
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = "
        "'advisory' AND datname = current_database()");
  }
};

void require_simply_applied(const Slow& slow) {
  slow.hurry();
  CHECK(support::schemagate(slow.apply(), slow.variables).code == 0);
  CHECK(slow.database.history() == Words{"1_pace|t|f|1|", "2_slow|t|f|1|"});
}

void require_cancelled(const Stop& stop, bool as_pid_1) {
  CAPTURE(stop.name);
  const Slow slow;
  Start start{slow.apply(), slow.variables, as_pid_1};
  REQUIRE(until([&] { return slow.is_running(); }));

  start.signal(stop.number);
  const Ran ran = start.finish();

  CHECK(ran.code == 128 + stop.number);
  CHECK(ran.err == "schemagate: stopped by " + std::string{stop.name} + " while applying 2_slow\n  where  " +
                       slow.folder.path() +
                       "/2_slow/migration.sql\n  state  2_slow: it was rolled back whole; 0 migrations applied "
                       "before it by this start; the program was not started\n  next   start again\n");
  CHECK(start.took() < std::chrono::seconds{2});
  CHECK(until([&] { return slow.sessions() == "0"; }));
  CHECK(slow.locks() == "0");
  CHECK(slow.database.history() == Words{"1_pace|t|f|1|"});
  CHECK(slow.database.value("SELECT to_regclass('slow')").empty());
  require_simply_applied(slow);
}

/// doctest handles signals; between fork and exec a child would still do so too.
class DefaultTerm {
 public:
  DefaultTerm() : found_{::signal(SIGTERM, SIG_DFL)} {}
  ~DefaultTerm() { ::signal(SIGTERM, found_); }
  DefaultTerm(const DefaultTerm&) = delete;
  DefaultTerm& operator=(const DefaultTerm&) = delete;

 private:
  void (*found_)(int);
};

}  // namespace

TEST_SUITE("signals") {
  TEST_CASE("each of the four ends a start that waits for a server without an answer, and says so") {
    for (const bool as_pid_1 : {false, true})
      for (const Stop& stop : stops) {
        CAPTURE(as_pid_1);
        CAPTURE(stop.name);
        const Folder folder;
        BlackHole hole;
        Start start{
            {"--migrations", folder.path(), "--allow-empty", "--", "true"}, {{"DATABASE_URL", hole.url()}}, as_pid_1};
        hole.accept();

        start.signal(stop.number);
        const Ran ran = start.finish();

        CHECK(ran.code == 128 + stop.number);
        CHECK(ran.err == stopped_text(stop.name));
        CHECK(start.took() < std::chrono::seconds{2});
      }
  }

  TEST_CASE("under JSON the same is one JSON object") {
    for (const Stop& stop : stops) {
      const Folder folder;
      BlackHole hole;
      Start start{{"--migrations", folder.path(), "--allow-empty", "--log-format=json", "--", "true"},
                  {{"DATABASE_URL", hole.url()}},
                  false};
      hole.accept();

      start.signal(stop.number);
      const Ran ran = start.finish();

      CHECK(ran.code == 128 + stop.number);
      CHECK(ran.err == "{" + stopped_json(stop));
    }
  }

  TEST_CASE("a start that waits for a server that is not there ends at once") {
    for (const bool as_pid_1 : {false, true}) {
      CAPTURE(as_pid_1);
      const Folder folder;
      Start start{{"--migrations", folder.path(), "--allow-empty", "--", "true"},
                  {{"DATABASE_URL", "postgresql://nobody:word@127.0.0.1:1/none"}},
                  as_pid_1};
      REQUIRE(start.wait_for("waiting for nobody@127.0.0.1:1/none"));

      start.signal(SIGTERM);
      const Ran ran = start.finish();

      CHECK(ran.code == 143);
      CHECK(ran.err.ends_with(stopped_text("SIGTERM")));
      CHECK(start.took() < std::chrono::seconds{2});
    }
  }

  TEST_CASE("a start that waits for the lock ends at once, and the holder is not disturbed") {
    for (const bool as_pid_1 : {false, true}) {
      CAPTURE(as_pid_1);
      const Slow slow;
      schemagate::Connection holder = session(slow.database);
      holder.query("SELECT pg_advisory_lock(72707369)");
      Start start{slow.apply(), slow.variables, as_pid_1};
      REQUIRE(start.wait_for("waiting for the migration lock"));

      start.signal(SIGTERM);
      const Ran ran = start.finish();

      CHECK(ran.code == 143);
      CHECK(ran.err.ends_with("\n" + stopped_text("SIGTERM")));
      CHECK(start.took() < std::chrono::seconds{2});
      CHECK(slow.locks() == "1");
      CHECK(slow.database.history() == Words{"1_pace|t|f|1|"});
    }
  }

  TEST_CASE("waiting for the lock says under JSON too that it was stopped") {
    const Slow slow;
    schemagate::Connection holder = session(slow.database);
    holder.query("SELECT pg_advisory_lock(72707369)");
    Words words = slow.apply();
    words.emplace_back("--log-format=json");
    Start start{words, slow.variables, false};
    REQUIRE(start.wait_for("waiting_for_lock"));

    start.signal(SIGINT);
    const Ran ran = start.finish();

    CHECK(ran.code == 130);
    CHECK(ran.err.ends_with(stopped_json({SIGINT, "SIGINT"})));
  }

  TEST_CASE("a running statement is cancelled, rolled back and unlocked, the next start simply applies") {
    for (const Stop& stop : stops) require_cancelled(stop, false);
  }

  TEST_CASE("a running statement is cancelled by PID 1 of a container too") { require_cancelled(stops[0], true); }

  TEST_CASE("a second signal while the first is obeyed changes nothing") {
    const Slow slow;
    Start start{slow.apply(), slow.variables, false};
    REQUIRE(until([&] { return slow.is_running(); }));

    start.signal(SIGTERM);
    start.signal(SIGINT);
    start.signal(SIGTERM);
    const Ran ran = start.finish();

    CHECK((ran.code == 143 || ran.code == 130));
    CHECK(ran.err.find("while applying 2_slow\n") != std::string::npos);
    CHECK(ran.err.find("2_slow: it was rolled back whole") != std::string::npos);
    require_simply_applied(slow);
  }

  TEST_CASE("a script with a transaction of its own is cancelled and recorded as rolled back, even when told twice") {
    Slow slow;
    slow.folder.migration("2_slow",
                          "BEGIN;\nCREATE TABLE slow (id int);\nSELECT pg_sleep(seconds) FROM pace;\nCOMMIT;\n");
    Start start{slow.apply(), slow.variables, false};
    REQUIRE(until([&] { return slow.is_running(); }));

    start.signal(SIGTERM);
    start.signal(SIGINT);
    const Ran ran = start.finish();

    CHECK((ran.code == 143 || ran.code == 130));
    CHECK(ran.err.find("2_slow: it was rolled back whole") != std::string::npos);
    CHECK(slow.database.value("SELECT rolled_back_at IS NOT NULL FROM _prisma_migrations WHERE finished_at IS NULL") ==
          "t");
    require_simply_applied(slow);
  }

  TEST_CASE("a server that does not obey keeps us for two seconds, and the truth is told") {
    const Slow slow;
    Start start{slow.apply(), slow.variables, false};
    REQUIRE(until([&] { return slow.is_running(); }));
    const int backend = std::stoi(slow.database.value(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'slow'"));
    REQUIRE(::kill(backend, SIGSTOP) == 0);

    start.signal(SIGTERM);
    const Ran ran = start.finish();
    ::kill(backend, SIGCONT);

    CHECK(ran.code == 143);
    CHECK(ran.err.find("2_slow: it was applied and recorded, or neither; the next start reads which and goes on") !=
          std::string::npos);
    CHECK(start.took() < std::chrono::milliseconds{2500});
    CHECK(until([&] { return slow.sessions() == "0"; }));
    require_simply_applied(slow);
  }

  TEST_CASE("the deadline cancels in the same way, and its words are its own") {
    const Slow slow;
    Words words = slow.apply();
    words.emplace_back("--deadline=700ms");

    const Ran ran = support::schemagate(words, slow.variables);

    CHECK(ran.code == 75);
    CHECK(ran.err ==
          "schemagate: --deadline passed while applying 2_slow\n  where  " + slow.folder.path() +
              "/2_slow/migration.sql\n  state  2_slow: it was rolled back whole; 0 migrations applied before "
              "it by this start; the program was not started\n  next   start again with a longer --deadline "
              "(SCHEMAGATE_DEADLINE), or apply from a job\n");
    CHECK(until([&] { return slow.sessions() == "0"; }));
    CHECK(slow.locks() == "0");
    require_simply_applied(slow);
  }

  TEST_CASE("a signal that was ignored when we started stays ignored, also while a migration runs") {
    const Slow slow;
    Start start{slow.apply(), slow.variables, false, [] { ::signal(SIGHUP, SIG_IGN); }};
    REQUIRE(until([&] { return slow.is_running(); }));

    start.signal(SIGHUP);
    slow.database.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'slow' AND "
        "datname = current_database()");
    const Ran ran = start.finish();

    CHECK(ran.code == 65);
    CHECK(ran.err.find("canceling statement due to user request (57014)") != std::string::npos);
  }

  TEST_CASE("a signal that our parent blocks still stops a wait") {
    const Folder folder;
    BlackHole hole;
    const auto block = [] {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGTERM);
      sigprocmask(SIG_BLOCK, &set, nullptr);
    };
    Start start{
        {"--migrations", folder.path(), "--allow-empty", "--", "true"}, {{"DATABASE_URL", hole.url()}}, false, block};
    hole.accept();

    start.signal(SIGTERM);
    const Ran ran = start.finish();

    CHECK(ran.code == 143);
    CHECK(ran.err == stopped_text("SIGTERM"));
  }

  TEST_CASE("a reader of stderr that stands still does not keep a stopped start") {
    const Folder folder;
    BlackHole hole;
    const auto fill = [] {
      std::array<int, 2> ends{};
      if (::pipe2(ends.data(), O_NONBLOCK) != 0) ::_exit(1);
      const std::string block(4096, 'x');
      while (::write(ends[1], block.data(), block.size()) > 0) continue;
      ::fcntl(ends[1], F_SETFL, 0);
      ::dup2(ends[1], STDERR_FILENO);
    };
    Start start{
        {"--migrations", folder.path(), "--allow-empty", "--", "true"}, {{"DATABASE_URL", hole.url()}}, false, fill};
    hole.accept();

    start.signal(SIGTERM);

    CHECK(start.finish().code == 143);
    CHECK(start.took() < std::chrono::seconds{2});
  }

  TEST_CASE("the program gets its signals as if it had been started directly") {
    for (const bool as_pid_1 : {false, true})
      for (const char* program :
           {"trap 'echo heard; exit 3' TERM; echo ready >&2; while :; do sleep 0.01; done",
            "exec perl -e '$SIG{TERM} = sub { print \"heard\\n\"; exit 3 }; print STDERR \"ready\\n\";"
            "sleep 1 while 1'"}) {
        CAPTURE(as_pid_1);
        const Database database;
        const Folder folder;
        Start start{{"--migrations", folder.path(), "--allow-empty", "--", "sh", "-c", program},
                    {{"DATABASE_URL", database.url()}},
                    as_pid_1};
        REQUIRE(start.wait_for("ready\n"));

        start.signal(SIGTERM);
        const Ran ran = start.finish();

        CHECK(ran.code == 3);
        CHECK(ran.out == "heard\n");
      }
  }

  TEST_CASE("a TERM at any moment of the start ends it or the program: none is lost") {
    const Database database;
    const Folder folder;
    const Variables variables{{"DATABASE_URL", database.url()}};
    std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<int> moment{0, 10'000};
    const DefaultTerm default_term;

    for (int i = 0; i < 150; ++i) {
      Start start{{"--migrations", folder.path(), "--allow-empty", "--", "sleep", "20"}, variables, false};
      const auto at = Clock::now() + std::chrono::microseconds{moment(random)};
      while (Clock::now() < at) continue;
      start.signal(SIGTERM);

      CHECK(start.finish().code == 143);
      CHECK(start.took() < std::chrono::seconds{2});
    }
  }
}
