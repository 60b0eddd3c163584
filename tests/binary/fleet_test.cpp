#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <thread>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/plain.hpp"
#include "support/process.hpp"
#include "support/session.hpp"

using namespace support;

namespace {

/// What makes a race visible: a step that counts, and one that deadlocks with whoever waits in a statement.
Folder& five_migrations(Folder& folder) {
  return folder.migration("1_table", "CREATE TABLE counter (n int NOT NULL); INSERT INTO counter VALUES (0)")
      .migration("2_count", "UPDATE counter SET n = n + 1")
      .migration("3_index", "CREATE INDEX CONCURRENTLY counter_n ON counter (n)")
      .migration("4_slow", "ALTER TABLE counter ADD COLUMN note text; SELECT pg_sleep(0.3)")
      .migration("5_index", "CREATE INDEX CONCURRENTLY counter_note ON counter (note)");
}

std::vector<std::unique_ptr<Running>> start(const Database& database, const Folder& folder, int count) {
  std::vector<std::unique_ptr<Running>> replicas;
  replicas.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    replicas.push_back(std::make_unique<Running>(
        std::vector<std::string>{binary(), "--migrations", folder.path(), "--", "echo", "started"},
        Variables{{"SCHEMAGATE_DATABASE_URL", database.url()}, {"HOSTNAME", "replica-" + std::to_string(i)}}));
  return replicas;
}

void require_all_started(std::vector<std::unique_ptr<Running>>& replicas) {
  for (const auto& replica : replicas) {
    const Ran ran = replica->finish();
    keep(ran);
    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(ran.out == "started\n");
  }
}

std::size_t logged(const Database& database, const std::string& text) {
  std::ifstream stream{server().at("SERVER_LOG")};
  std::size_t count = 0;
  for (std::string line; std::getline(stream, line);)
    count += line.starts_with(database.name() + "|") && line.find(text) != std::string::npos ? 1U : 0U;
  return count;
}

void require_applied_once(const Database& database) {
  CHECK(database.history() == std::vector<std::string>{"1_table|t|f|1|", "2_count|t|f|1|", "3_index|t|f|1|",
                                                       "4_slow|t|f|1|", "5_index|t|f|1|"});
  CHECK(database.value("SELECT n FROM counter") == "1");
  CHECK(database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0");
  CHECK(logged(database, "deadlock") == 0);
}

/// Takes the lock as Prisma's CLI does, by waiting inside the statement, and lets it go again, over and over.
class Prisma {
 public:
  explicit Prisma(const Database& database) : thread_{[this, name = database.name()] { come_and_go(name); }} {}
  ~Prisma() {
    stop_ = true;
    thread_.join();
  }
  Prisma(const Prisma&) = delete;
  Prisma& operator=(const Prisma&) = delete;

  [[nodiscard]] int times() const { return times_; }

 private:
  void come_and_go(const std::string& database) {
    Session session{database, "postgres", "prisma"};
    // Its waiting deadlocks with CREATE INDEX CONCURRENTLY, as with any tool's; so it does not wait for long.
    session.value("SET lock_timeout = '100ms'");
    while (!stop_) try {
        session.value("SELECT pg_advisory_lock(72707369), pg_sleep(0.05)");
        session.value("SELECT pg_advisory_unlock(72707369)");
        session.value("SELECT pg_sleep(0.2)");
        ++times_;
      } catch (const schemagate::QueryFailed&) {  // NOLINT(bugprone-empty-catch): it comes again
      }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> times_{0};
  std::thread thread_;
};

}  // namespace

TEST_SUITE("fleet") {
  TEST_CASE("replicas that start together on an empty database all start, and each migration is applied once") {
    Folder folder;
    five_migrations(folder);

    for (const int count : {3, 8}) {
      const Database database;
      auto replicas = start(database, folder, count);
      require_all_started(replicas);
      require_applied_once(database);
    }
  }

  TEST_CASE("a replica that starts while another migrates waits for it and starts") {
    const Database database;
    Folder folder;
    five_migrations(folder).migration("6_slow", "SELECT pg_sleep(1)");
    auto first = start(database, folder, 1);
    REQUIRE(first[0]->wait_for("applied 3_index"));

    auto others = start(database, folder, 3);

    require_all_started(first);
    require_all_started(others);
    CHECK(database.history().size() == 6);
    CHECK(logged(database, "deadlock") == 0);
  }

  TEST_CASE("replicas get along with Prisma's CLI, which waits inside pg_advisory_lock") {
    const Database database;
    Folder folder;
    five_migrations(folder);
    int times = 0;

    {
      const Prisma prisma{database};
      REQUIRE(eventually([&] { return prisma.times() > 0; }));
      auto replicas = start(database, folder, 3);
      require_all_started(replicas);
      times = prisma.times();
    }

    CHECK(times > 1);
    require_applied_once(database);
  }

  TEST_CASE("replicas with a schema of their own create it once") {
    const Database database;
    Folder folder;
    folder.migration("1_a", "CREATE TABLE a (id int)");

    std::vector<std::unique_ptr<Running>> replicas;
    replicas.reserve(5);
    for (int i = 0; i < 5; ++i)
      replicas.push_back(std::make_unique<Running>(
          std::vector<std::string>{binary(), "--migrations", folder.path(), "--", "echo", "started"},
          Variables{{"SCHEMAGATE_DATABASE_URL", database.url("?schema=app")}}));

    require_all_started(replicas);
    CHECK(database.history("app") == std::vector<std::string>{"1_a|t|f|1|"});
    CHECK(database.value("SELECT to_regclass('app.a') IS NOT NULL") == "t");
  }

  TEST_CASE("a fleet whose leader is killed goes on without it") {
    const Database database;
    Folder folder;
    folder.migration("1_table", "CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)")
        .migration("2_count", "UPDATE counter SET n = n + 1; SELECT pg_sleep(1)");
    auto replicas = start(database, folder, 4);
    std::string leader;
    REQUIRE(eventually([&] {
      leader = database.value(
          "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND "
          "wait_event = 'PgSleep'");
      return !leader.empty();
    }));

    const auto victim = replicas.begin() + std::stoi(leader.substr(leader.rfind('-') + 1));
    (*victim)->signal(9);
    CHECK((*victim)->finish().code == 128 + 9);
    replicas.erase(victim);

    require_all_started(replicas);
    CHECK(database.value("SELECT n FROM counter") == "1");
    CHECK(database.history() == std::vector<std::string>{"1_table|t|f|1|", "2_count|t|f|1|"});
  }
}
