#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/image.hpp"
#include "support/namespace.hpp"
#include "support/plain.hpp"
#include "support/port.hpp"
#include "support/process.hpp"

using namespace support;

namespace {

constexpr const char* not_contacted = "\n  state  the database was not contacted; the program was not started\n";
constexpr const char* at_before = "\n  where  --before (SCHEMAGATE_BEFORE)";
constexpr const char* at_after = "\n  where  --after (SCHEMAGATE_AFTER)";
constexpr const char* tell = "echo after: $SCHEMAGATE_OUTCOME $SCHEMAGATE_EXIT_CODE";

struct Job : Image {
  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& options) const {
    std::vector<std::string> all{binary(), "apply", "--migrations", folder.path()};
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }
  [[nodiscard]] Variables variables() const { return {{"SCHEMAGATE_DATABASE_URL", database.url()}}; }
  [[nodiscard]] Ran apply(const std::vector<std::string>& options) const {
    Ran ran = run(words(options), variables());
    keep(ran);
    CHECK(ran.out.empty());
    return ran;
  }
  /// The same, begun.
  [[nodiscard]] std::unique_ptr<Running> begin(const std::vector<std::string>& options) const {
    return std::make_unique<Running>(words(options), variables());
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder.path() + "/" + name; }
};

Job& one_migration(Job& job) {
  job.migration("1_a", "CREATE TABLE a (id int)");
  return job;
}

std::string text_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// The file holds a pid. A zombie waits for PID 1 and is dead.
bool is_alive(const std::string& file) {
  const std::string status = text_of("/proc/" + std::to_string(std::stoi(text_of(file))) + "/stat");
  return !status.empty() && !contains(status, ") Z");
}

Ran end(Running& running) {
  Ran ran = running.finish();
  keep(ran);
  return ran;
}

std::string stopped_plainly() {
  return "schemagate: stopped by SIGTERM\n  state  no migration was running; the program was not started\n"
         "  next   start again\n";
}

}  // namespace

TEST_SUITE("hooks") {
  TEST_CASE("before and after stand around apply, print on stderr, and after is told the outcome") {
    Job job;
    one_migration(job);

    const Ran first = job.apply({"--before", "echo before; cat; echo more >&2", "--after", tell});
    const Ran second = job.apply({"--after", tell});

    CHECK(first.code == 0);
    CHECK(plain(first.err) ==
          "before\nmore\nschemagate: --before succeeded in T\nschemagate: applied 1_a in T\n"
          "schemagate: migrated: 1 migration applied\nafter: applied 0\nschemagate: --after succeeded in T\n");
    CHECK(second.code == 0);
    CHECK(plain(second.err) ==
          "schemagate: up to date: 1 migration applied\nafter: up-to-date 0\nschemagate: --after succeeded in T\n");
  }

  TEST_CASE("after is told what was refused and what failed, and the refusal stays the last word") {
    Job job;
    one_migration(job);
    const Ran refused = job.apply({"--pending=refuse", "--after", tell});
    job.migration("1_a", "CREATE TABLE a (id nothing)");
    const Ran failed = job.apply({"--after", tell});
    const Ran lost = run(job.words({"--wait=0s", "--after", tell}),
                         {{"SCHEMAGATE_DATABASE_URL", "postgresql://nobody:word@127.0.0.1:1/none"}});

    CHECK(refused.code == 76);
    CHECK(plain(refused.err).starts_with("after: refused 76\nschemagate: --after succeeded in T\nschemagate: "));
    CHECK(refused.err.ends_with("the program was not started\n  next   schemagate apply\n"));
    CHECK(failed.code == 65);
    CHECK(plain(failed.err)
              .starts_with("after: failed 65\nschemagate: --after succeeded in T\nschemagate: migration 1_a "
                           "failed: type \"nothing\" does not exist (42704)\n"));
    CHECK(lost.code == 69);
    CHECK(lost.err.starts_with("after: failed 69\n"));
  }

  TEST_CASE("neither command gets our secrets, nor the commands themselves, and both get the rest") {
    Job job;
    one_migration(job);
    Variables variables = job.variables();
    variables["SCHEMAGATE_BEFORE"] = "env | sort >" + job.path("before");
    variables["SCHEMAGATE_AFTER"] = "env | sort >" + job.path("after");
    variables["SCHEMAGATE_WAIT"] = "9s";
    variables["DATABASE_URL"] = "postgresql://the:program@s/own";
    variables["DIRECT_URL"] = job.database.url() + "?pgbouncer=true";
    variables["POSTGRES_PASSWORD"] = server().at("SERVER_PASSWORD");
    variables["PGPASSWORD"] = "short";
    variables["NODE_ENV"] = server().at("SERVER_PASSWORD");
    variables["PGAPPNAME"] = "job";
    variables["IDENTITY_HEADER"] = "the platform's";

    CHECK(run(job.words({}), variables).code == 0);

    const auto kept = [](const std::string& text) {
      return contains(text, "\nSCHEMAGATE_WAIT=9s\n") && contains(text, "IDENTITY_HEADER=") &&
             contains(text, "PGAPPNAME=job\n") && contains(text, "NODE_ENV=") && !contains(text, "PGPASSWORD") &&
             !contains(text, "_URL") && !contains(text, "POSTGRES_PASSWORD") && contains(text, "PATH=") &&
             !contains(text, "SCHEMAGATE_DATABASE_URL") && !contains(text, "SCHEMAGATE_BEFORE") &&
             !contains(text, "SCHEMAGATE_AFTER");
    };
    CHECK(kept(text_of(job.path("before"))));
    CHECK(kept(text_of(job.path("after"))));
    CHECK(contains(text_of(job.path("after")), "\nSCHEMAGATE_EXIT_CODE=0\nSCHEMAGATE_OUTCOME=applied\n"));
  }

  TEST_CASE("after may ask schemagate itself") {
    Job job;
    one_migration(job);
    const Variables variables{{"DATABASE_URL_FILE", job.folder.file("url", job.database.url())}};

    const Ran ran = run(job.words({"--after", binary() + " status --migrations " + job.folder.path()}), variables);

    keep(ran);
    CHECK(ran.code == 0);
    CHECK(contains(ran.err, "1_a"));
  }

  TEST_CASE("where before fails nothing is contacted, and after runs") {
    Job job;
    one_migration(job);

    const Ran failed = job.apply({"--before", "exit 3", "--after", tell});
    const Ran killed = job.apply({"--before", "kill -KILL $$", "--after", tell});

    CHECK(failed.code == 78);
    CHECK(plain(failed.err) ==
          "after: refused 78\nschemagate: --after succeeded in T\n"
          "schemagate: --before failed with exit code 3" +
              std::string{at_before} + not_contacted +
              "  next   its own words are above; correct it, and start again\n");
    CHECK(killed.code == 78);
    CHECK(contains(killed.err, "schemagate: --before was killed by SIGKILL\n"));
    CHECK(job.database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0");
  }

  TEST_CASE("a before that takes too long is ended with all that it started") {
    Job job;
    one_migration(job);
    const std::string pid = job.path("pid");

    const Ran ran =
        job.apply({"--hook-timeout=300ms", "--before", "sleep 99 & echo $! >" + pid + "; wait", "--after", tell});

    CHECK(ran.code == 78);
    CHECK(plain(ran.err) ==
          "after: refused 78\nschemagate: --after succeeded in T\n"
          "schemagate: --before did not end within 300 ms, and was ended" +
              std::string{at_before} + not_contacted +
              "  next   correct it, and start again; to give it longer, raise --hook-timeout "
              "(SCHEMAGATE_HOOK_TIMEOUT)\n");
    CHECK(eventually([&] { return !is_alive(pid); }));
  }

  TEST_CASE("what before leaves in the background serves until after ends it") {
    Job job;
    one_migration(job);
    const std::string pid = job.path("pid");

    const Ran ran = job.apply({"--before", "sleep 99 & echo $! >" + pid, "--after", "kill $(cat " + pid + ")"});

    CHECK(ran.code == 0);
    CHECK(eventually([&] { return !is_alive(pid); }));
  }

  TEST_CASE("an after that fails is told, and the exit code is its own only where all else went well") {
    Job job;
    one_migration(job);

    const Ran refused = job.apply({"--pending=refuse", "--after", "exit 5"});
    const Ran applied = job.apply({"--after", "exit 5"});

    CHECK(refused.code == 76);
    CHECK(refused.err.starts_with(
        "schemagate: warning: --after failed with exit code 5: what --before did may not be undone\nschemagate: "));
    CHECK(applied.code == 78);
    CHECK(applied.err.ends_with(
        "schemagate: migrated: 1 migration applied\nschemagate: --after failed with exit code 5" +
        std::string{at_after} +
        "\n  state  the database is what this image expects; what --before did may not be undone\n"
        "  next   its own words are above; undo by hand what it should have undone\n"));
  }

  TEST_CASE("a signal while before runs ends it with its group, and after runs") {
    Job job;
    one_migration(job);
    const std::string pid = job.path("pid");
    const auto running = job.begin({"--before", "sleep 99 & echo $! >" + pid + "; echo begun; wait", "--after", tell});
    REQUIRE(running->wait_for("begun\n"));

    running->signal(SIGTERM);
    const Ran ran = end(*running);

    CHECK(ran.code == 143);
    CHECK(plain(ran.err) == "begun\nafter: stopped 143\nschemagate: --after succeeded in T\n" + stopped_plainly());
    CHECK(eventually([&] { return !is_alive(pid); }));
  }

  TEST_CASE("a before that ignores TERM is killed after a grace") {
    Job job;
    one_migration(job);
    const auto running = job.begin({"--before", "trap '' TERM; echo begun; sleep 99", "--after", tell});
    REQUIRE(running->wait_for("begun\n"));

    running->signal(SIGTERM);

    CHECK(end(*running).code == 143);
  }

  TEST_CASE("a signal while we wait for the database, or migrate, lets after run") {
    Job job;
    job.migration("1_a", "SELECT pg_sleep(99)");
    const Port silent;
    silent.listen();
    Running waiting{job.words({"--before", "echo begun", "--after", tell}),
                    {{"SCHEMAGATE_DATABASE_URL", "postgresql://nobody:word@127.0.0.1:" + silent.text() + "/none"}}};
    REQUIRE(waiting.wait_for("--before succeeded"));
    waiting.signal(SIGTERM);
    const Ran waited = end(waiting);
    const auto migrating = job.begin({"--after", tell});
    REQUIRE(eventually([&] {
      return job.database.value(
                 "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(99)%' AND pid <> "
                 "pg_backend_pid() AND datname = current_database()") == "1";
    }));
    migrating->signal(SIGTERM);
    const Ran migrated = end(*migrating);

    CHECK(waited.code == 143);
    CHECK(waited.err.ends_with("succeeded in " + waited.err.substr(waited.err.rfind("succeeded in ") + 13)));
    CHECK(contains(waited.err, "after: stopped 143\n"));
    CHECK(waited.err.ends_with(stopped_plainly()));
    CHECK(migrated.code == 143);
    CHECK(migrated.err.starts_with("after: stopped 143\n"));
    CHECK(contains(migrated.err, "schemagate: stopped by SIGTERM while applying 1_a\n"));
  }

  TEST_CASE("a signal while after runs lets it end, also when a session was lost before") {
    Job job;
    job.migration("1_a", "SELECT pg_sleep(1.2); CREATE TABLE a (id int)");
    const auto migrating =
        job.begin({"--after", "touch " + job.path("begun") + "; sleep 1; touch " + job.path("ended")});
    REQUIRE(eventually([&] {
      return job.database.value(
                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
                 "datname = current_database()") == "1";
    }));
    REQUIRE(eventually([&] { return std::filesystem::exists(job.path("begun")); }));
    migrating->signal(SIGTERM);
    const Ran ran = end(*migrating);

    CHECK(ran.code == 143);
    CHECK(contains(ran.err, "the connection was lost"));
    CHECK(std::filesystem::exists(job.path("ended")));
    CHECK(job.database.value("SELECT to_regclass('a') IS NOT NULL") == "t");
  }

  TEST_CASE("one signal does not end after, a second one does") {
    Job job;
    one_migration(job);
    const auto patient = job.begin({"--after", "echo begun; read x </dev/null; sleep 1; echo ended"});
    REQUIRE(patient->wait_for("begun\n"));
    patient->signal(SIGTERM);
    const Ran gone_on = end(*patient);
    const auto hurried = job.begin({"--after", "echo begun; sleep 99"});
    REQUIRE(hurried->wait_for("begun\n"));
    hurried->signal(SIGTERM);
    REQUIRE(hurried->wait_for("a second one ends it\n"));
    hurried->signal(SIGTERM);
    const Ran killed = end(*hurried);

    CHECK(gone_on.code == 143);
    CHECK(plain(gone_on.err)
              .ends_with(
                  "begun\nschemagate: warning: SIGTERM while --after runs: it goes on; a second one ends it\nended\n"
                  "schemagate: --after succeeded in T\nschemagate: stopped by SIGTERM while --after ran\n"
                  "  state  the database is what this image expects\n  next   nothing, if all is applied that should "
                  "be\n"));
    CHECK(killed.code == 143);
    CHECK(contains(killed.err,
                   "schemagate: warning: --after was ended by a second SIGTERM: what --before did may not be "
                   "undone\nschemagate: stopped by SIGTERM while --after ran\n"));
  }

  TEST_CASE("the deadline ends before, not after") {
    Job job;
    one_migration(job);

    const Ran ran = job.apply({"--deadline=300ms", "--before", "sleep 99", "--after", "sleep 1; " + std::string{tell}});

    CHECK(ran.code == 75);
    CHECK(plain(ran.err) ==
          "after: failed 75\nschemagate: --after succeeded in T\n"
          "schemagate: --deadline (SCHEMAGATE_DEADLINE) passed while --before ran" +
              std::string{at_before} + not_contacted +
              "  next   start again, with a longer deadline if it happens again\n");
  }

  TEST_CASE("settings and folder are refused before anything runs") {
    Job job;

    const Ran ran = job.apply({"--before", "echo begun", "--after", tell});

    CHECK(ran.code == 78);
    CHECK_FALSE(contains(ran.err, "begun"));
    CHECK_FALSE(contains(ran.err, "after:"));
  }

  TEST_CASE("the commands need a shell, and an image without one is told so") {
    Job job;
    one_migration(job);
    std::vector<std::string> command = in_namespace({}, "mount --bind /dev/null /bin/sh");
    for (const std::string& word : job.words({"--before", "true"})) command.push_back(word);

    const Ran ran = run(command, job.variables());

    CHECK(ran.code == 78);
    CHECK(ran.err == "schemagate: --before and --after need /bin/sh, which the image does not have" +
                         std::string{at_before} + not_contacted +
                         "  next   run both around schemagate instead, from where there is a shell\n");
  }
}
