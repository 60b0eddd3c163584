#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <regex>
#include <utility>

#include "support/namespace.hpp"
#include "support/port.hpp"
#include "support/relay.hpp"
#include "support/sealed.hpp"
#include "support/session.hpp"

using namespace support;

// SIGTERM in phases that signals_test.cpp does not reach: it ends each of them within two seconds.
namespace {

using Clock = std::chrono::steady_clock;

const std::string stopped =
    "schemagate: stopped by SIGTERM\n  state  no migration was running; the program was not started\n"
    "  next   start again\n";

Ran terminate(Running& running) {
  const auto start = Clock::now();
  running.signal(SIGTERM);
  Ran ran = running.finish();
  const auto took = Clock::now() - start;
  keep(ran);
  CHECK(ran.code == 143);
  CHECK(took < std::chrono::seconds{2});
  return ran;
}

std::unique_ptr<Running> begin(const Image& image, const std::string& url, std::vector<std::string> options = {}) {
  std::vector<std::string> command{binary(), "apply", "--migrations", image.folder.path()};
  command.insert(command.end(), options.begin(), options.end());
  return std::make_unique<Running>(command, Variables{{"SCHEMAGATE_DATABASE_URL", url}});
}

/// A hosts file that can be made one that nobody can read to its end.
class Hosts {
 public:
  explicit Hosts(const Folder& folder) : path_{folder.file("hosts", "127.0.0.1 db.invalid\n")} {}
  ~Hosts() {
    if (writer_ >= 0) ::close(writer_);
  }
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  [[nodiscard]] std::string setup() const { return "ln -s " + path_ + " /etc/hosts"; }
  void block() const {
    const std::string pipe = path_ + ".pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0644) == 0);
    std::filesystem::rename(pipe, path_);
  }
  /// That somebody reads it; from now on he waits for the rest.
  bool is_read() {
    writer_ = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return writer_ >= 0;
  }

 private:
  std::string path_;
  int writer_ = -1;
};

std::unique_ptr<Running> begin_by_name(const Image& image, const Hosts& hosts, const std::string& url,
                                       const std::vector<std::string>& options = {}) {
  std::vector<std::string> command{binary(), "apply", "--migrations", image.folder.path()};
  command.insert(command.end(), options.begin(), options.end());
  return std::make_unique<Running>(with_own_etc(hosts.setup(), command), Variables{{"SCHEMAGATE_DATABASE_URL", url}});
}

bool is_asleep(const Image& image) {
  return image.database.value(
             "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'") ==
         "1";
}

}  // namespace

TEST_SUITE("stop") {
  TEST_CASE("TERM ends a start whose resolver does not answer") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    Hosts hosts{image.folder};
    hosts.block();
    const Relay relay{"never", 0};
    const auto running = begin_by_name(image, hosts, relay.url(image.database.name(), "db.invalid"));
    REQUIRE(eventually([&] { return hosts.is_read(); }));

    CHECK(terminate(*running).err.ends_with(stopped));
  }

  TEST_CASE("TERM ends a start whose resolver does not answer, and the command for afterwards runs") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    Hosts hosts{image.folder};
    hosts.block();
    const auto running = begin_by_name(image, hosts, "postgresql://nobody:word@db.invalid:1/none",
                                       {"--before", "true", "--after", "echo after: $SCHEMAGATE_EXIT_CODE"});
    REQUIRE(eventually([&] { return hosts.is_read(); }));

    CHECK(plain(terminate(*running).err) ==
          "schemagate: --before succeeded in T\nafter: 143\nschemagate: --after succeeded in T\n" + stopped);
  }

  TEST_CASE("a resolver that does not answer is waited for no longer than --wait and --deadline say") {
    const std::array<std::pair<std::string, std::string>, 2> limits{
        {{"--wait=1s", "schemagate: no connection within 1.0 s; last error: "},
         {"--deadline=1s", "schemagate: no connection before --deadline; last error: "}}};
    for (const auto& limit : limits) {
      CAPTURE(limit.first);
      Image image;
      image.migration("1_a", "CREATE TABLE a (id int)");
      Hosts hosts{image.folder};
      hosts.block();
      const auto running = begin_by_name(image, hosts, "postgresql://nobody:word@db.invalid:1/none", {limit.first});
      REQUIRE(eventually([&] { return hosts.is_read(); }));
      const auto start = Clock::now();

      const Ran ran = running->finish();

      CHECK(ran.code == 69);
      CHECK(Clock::now() - start < std::chrono::seconds{3});
      CHECK(contains(ran.err, limit.second));
    }
  }

  TEST_CASE("TERM ends a start whose resolver does not answer after the connection was lost in a migration") {
    Image image;
    image.migration("1_a", "SELECT pg_sleep(30)");
    Hosts hosts{image.folder};
    const Relay relay{"never", 0};
    const auto running = begin_by_name(image, hosts, relay.url(image.database.name(), "db.invalid"));
    REQUIRE(eventually([&] { return is_asleep(image); }));
    hosts.block();
    image.database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = "
        "'PgSleep'");
    REQUIRE(eventually([&] { return hosts.is_read(); }));

    const Ran ran = terminate(*running);

    // A try that found no answer at all may be told between the two.
    CHECK(ran.err.starts_with(
        "schemagate: warning: the connection was lost while applying 1_a: terminating connection due to administrator "
        "command (57P01); connecting again\n"));
    CHECK(ran.err.ends_with(stopped));
  }

  TEST_CASE("a resolver that does not answer any more does not keep TERM from a running statement that is watched") {
    Image image;
    image.migration("1_a", "SELECT pg_sleep(30)");
    const Hosts hosts{image.folder};
    const Relay relay{"never", 0};
    const auto running = begin_by_name(image, hosts, relay.url(image.database.name(), "db.invalid"));
    REQUIRE(eventually([&] { return is_asleep(image); }));
    hosts.block();
    REQUIRE(running->wait_for("applying 1_a for 5"));

    const Ran ran = terminate(*running);

    CHECK(contains(ran.err, "s: waiting on Timeout PgSleep\nschemagate: stopped by SIGTERM while applying 1_a\n"));
  }

  TEST_CASE("TERM ends a TLS handshake that the server does not go on with") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    const Port port;
    port.listen();
    const auto running = begin(image, "postgresql://nobody:word@127.0.0.1:" + port.text() + "/none?sslmode=require");
    const int session = port.accept();
    std::array<char, 4096> bytes{};
    // SSLRequest, "yes", ClientHello (PostgreSQL documentation, "SSL Session Encryption").
    REQUIRE(::recv(session, bytes.data(), bytes.size(), 0) == 8);
    REQUIRE(::send(session, "S", 1, MSG_NOSIGNAL) == 1);
    REQUIRE(::recv(session, bytes.data(), bytes.size(), 0) > 8);

    const Ran ran = terminate(*running);
    ::close(session);

    CHECK(ran.err == stopped);
  }

  TEST_CASE(
      "TERM ends a question that the server does not answer, be it the first, the lock, a setting or the description") {
    for (const char* text : {"server_version_num", "pg_try_advisory_lock", "client_connection_check_interval",
                             "WITH ext AS MATERIALIZED"}) {
      CAPTURE(text);
      SealedImage image;
      add_shop(image);
      image.seal();
      const Relay relay{text, 1, Relay::Fault::mute};
      const auto running = begin(image, relay.url(image.database.name()));
      REQUIRE(eventually([&] { return relay.faults() == 1; }));

      const Ran ran = terminate(*running);

      CHECK(contains(ran.err, "schemagate: stopped by SIGTERM\n"));
      CHECK(ran.err.ends_with("the program was not started\n  next   start again\n"));
    }
  }

  TEST_CASE("TERM ends connecting again, and what was applied is there") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)").migration("2_b", "CREATE TABLE b (id int)");
    const Relay relay{"CREATE TABLE b", 1, Relay::Fault::close};
    const auto running = begin(image, relay.url(image.database.name()));
    REQUIRE(running->wait_for("waiting for postgres@"));

    CHECK(terminate(*running).err.ends_with("\n" + stopped));

    CHECK(image.database.history() == std::vector<std::string>{"1_a|t|f|1|"});
    CHECK(image.apply().code == 0);
  }

  TEST_CASE("TERM ends the pause between two tries at a lock") {
    Image image;
    image.database.query("CREATE TABLE b (id int); CREATE SCHEMA app");
    Session blocker{image.database.name()};
    blocker.value("BEGIN");
    blocker.value("SELECT count(*) FROM b");
    image.migration("1_b", "ALTER TABLE public.b ADD COLUMN c int");
    const auto running = begin(image, image.database.url("?schema=app"), {"--ddl-lock-timeout", "100ms"});
    // The fifth pause is of 2 to 4 s, the tries between are of 0.1 s.
    REQUIRE(running->wait_for(std::regex{"(trying again[^]*){5}"}));

    const Ran ran = terminate(*running);

    CHECK(contains(ran.err, "\nschemagate: stopped by SIGTERM while applying 1_b\n  where  " + image.file("1_b") +
                                "\n  state  1_b: it was rolled back whole; "));
  }

  TEST_CASE("TERM ends waiting for an index that is built concurrently, within two seconds too") {
    Image image;
    image.database.query("CREATE TABLE b (id int); CREATE SCHEMA app");
    Session blocker{image.database.name()};
    blocker.value("BEGIN");
    blocker.value("INSERT INTO b VALUES (1)");
    image.migration("1_b", "CREATE INDEX CONCURRENTLY b_id ON public.b (id)");
    const auto running = begin(image, image.database.url("?schema=app"));
    REQUIRE(
        eventually([&] { return image.database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "1"; }));

    CHECK(contains(terminate(*running).err, "1_b: it is recorded how far it is, and the next start goes on at "));
  }

  TEST_CASE("TERM ends waiting for a server to accept writes") {
    Image image;
    image.migration("1_a", "SELECT pg_sleep(30)");
    const auto running = begin(image, image.database.url());
    REQUIRE(eventually([&] { return is_asleep(image); }));
    image.database.query("ALTER DATABASE " + image.database.name() + " SET default_transaction_read_only = on");
    image.database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = "
        "'PgSleep'");
    REQUIRE(running->wait_for("the server only reads now"));

    CHECK(terminate(*running).err.ends_with("\n" + stopped));
  }
}
