#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "support/image.hpp"
#include "support/namespace.hpp"
#include "support/plain.hpp"
#include "support/process.hpp"

using namespace support;

namespace {

/// An image whose entrypoint stays; tests/init/table compares the staying itself with tini's.
struct Staying : Image {
  Staying() { migration("1_a", "CREATE TABLE a (id int)"); }

  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& program) const {
    std::vector<std::string> all{binary(), "--init", "--migrations", folder.path(), "--"};
    all.insert(all.end(), program.begin(), program.end());
    return all;
  }
  [[nodiscard]] std::vector<std::string> as_pid_1(const std::vector<std::string>& program) const {
    std::vector<std::string> all = as_first_process();
    const std::vector<std::string> own = words(program);
    all.insert(all.end(), own.begin(), own.end());
    return all;
  }
  [[nodiscard]] Variables variables() const { return {{"SCHEMAGATE_DATABASE_URL", database.url()}}; }
};

Ran end(Running& running) {
  Ran ran = running.finish();
  keep(ran);
  return ran;
}

/// The only child of a process.
pid_t child_of(pid_t parent) {
  pid_t child = 0;
  const std::string pid = std::to_string(parent);
  REQUIRE(eventually(
      [&] { return static_cast<bool>(std::ifstream{"/proc/" + pid + "/task/" + pid + "/children"} >> child); }));
  return child;
}

std::string text_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace

TEST_SUITE("init") {
  TEST_CASE("with --init the gate is passed first, and the program's code is ours") {
    const Staying image;

    Running running{image.as_pid_1({"sh", "-c", "echo $PPID; env | grep SCHEMAGATE; exit 42"}), image.variables()};
    const Ran ran = end(running);

    CHECK(ran.code == 42);
    CHECK(plain(ran.err) == "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied; starting sh\n");
    CHECK(ran.out == "1\n");
    CHECK(image.database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                               "application_name LIKE 'schemagate%'") == "0");
  }

  TEST_CASE("with --init what stays has no secret in its environment") {
    const Staying image;
    Running running{image.words({"sh", "-c", "echo ready >&2; exec sleep 60"}), image.variables()};
    REQUIRE(running.wait_for("ready\n"));

    const std::string environment = text_of("/proc/" + std::to_string(running.pid()) + "/environ");

    CHECK(contains(environment, "PATH="));
    CHECK_FALSE(contains(environment, server().at("SERVER_PASSWORD")));
    running.signal(SIGTERM);
    CHECK(end(running).code == 143);
  }

  TEST_CASE("with --init a signal during a migration cancels it as ever") {
    Staying image;
    image.migration("2_b", "SELECT pg_sleep(99)");
    Running running{image.as_pid_1({"true"}), image.variables()};
    REQUIRE(running.wait_for("applied 1_a"));
    REQUIRE(eventually([&] {
      return image.database.value(
                 "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(99)%' AND pid <> "
                 "pg_backend_pid() AND datname = current_database()") == "1";
    }));

    ::kill(child_of(running.pid()), SIGTERM);
    const Ran ran = end(running);

    CHECK(ran.code == 143);
    CHECK(contains(ran.err, "schemagate: stopped by SIGTERM while applying 2_b\n"));
  }

  TEST_CASE("with --init a refusal and a missing program have the codes they have without") {
    Staying image;
    image.migration("1_a", "CREATE TABLE a (id nothing)");
    Running refused{image.words({"true"}), image.variables()};
    Running missing{image.words({"/nonexistent"}), image.variables()};

    CHECK(end(refused).code == 65);
    CHECK(end(missing).code == 127);
  }

  TEST_CASE("where SIGCHLD is ignored the program's code is known all the same, and it finds that unchanged") {
    const Staying image;
    const auto ignore = [] { ::signal(SIGCHLD, SIG_IGN); };
    Running coded{image.words({"sh", "-c", "exit 42"}), image.variables(), ignore};
    Running telling{image.words({"grep", "SigIgn", "/proc/self/status"}), image.variables(), ignore};

    CHECK(end(coded).code == 42);
    CHECK(end(telling).out == "SigIgn:\t0000000000010000\n");
  }
}
