#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "options.hpp"
#include "support/database.hpp"
#include "support/process.hpp"
#include "support/start.hpp"

using namespace support;

// What a start prints, leaves and records of the secrets that it knows, and who may look into it meanwhile.
namespace {

using Words = std::vector<std::string>;

constexpr const char* own = "SCHEMAGATE_DATABASE_URL";
constexpr const char* own_file = "SCHEMAGATE_DATABASE_URL_FILE";
constexpr const char* own_command = "SCHEMAGATE_DATABASE_URL_COMMAND";
/// A port where nothing is: a start waits for it until it is told to stop.
constexpr const char* unreachable = "postgresql://owner:t0p-secret@127.0.0.1:1/app";

std::string bytes_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// Each value of a list as the value of each of the variables, beside what makes a start get that far.
std::vector<Variables> each(const Words& names, const Words& values, const Variables& beside) {
  std::vector<Variables> starts;
  for (const std::string& name : names)
    for (const std::string& value : values) {
      starts.push_back(beside);
      starts.back()[name] = value;
    }
  return starts;
}

std::string url_with(const std::string& secret) { return "postgresql://app:" + secret + "@db.invalid:5432/app"; }

std::vector<Variables> sources(const std::string& secret) {
  const std::string url = url_with(secret);
  return each(
      {own_file, own_command, "DATABASE_URL_FILE"},
      {url, "'" + url + "'", " " + url, "\"" + url + "\"", "host=db.invalid;password=" + secret, "Password=" + secret},
      {});
}

std::vector<Variables> libpq_variables(const std::string& secret) {
  return each({"PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE",
               "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGOPTIONS", "PGAPPNAME", "PGCONNECT_TIMEOUT",
               "PGTARGETSESSIONATTRS", "PGCHANNELBINDING"},
              {url_with(secret), "host=db.invalid password='" + secret + "'"},
              {{"PGHOST", "127.0.0.1"}, {"PGPORT", "1"}});
}

std::vector<Variables> settings_with(const std::string& secret) {
  Words names;
  for (const schemagate::Setting& setting : schemagate::settings()) names.push_back(setting.variable);
  std::vector<Variables> starts = each(names, {url_with(secret)}, {{own, unreachable}});
  starts.push_back({{own, "postgresql://app@127.0.0.1:1/app"},
                    {"SCHEMAGATE_AZURE_IDENTITY", "system"},
                    {"IDENTITY_ENDPOINT", "http://app:" + secret + "@127.0.0.1:1/"},
                    {"IDENTITY_HEADER", secret}});
  return starts;
}

std::vector<Variables> texts_with(const std::string& secret) {
  const std::string url = url_with(secret);
  return each(
      {own},
      {"host=127.0.0.1;port=1;username=app;password=" + secret, "Host=127.0.0.1;Password=" + secret + ";Port=1",
       "server=db,user=app,PWD=" + secret, "host=127.0.0.1 port=1 password=two words " + secret + "=x",
       "host=127.0.0.1 port=1 user=app;pwd=" + secret, "user=app password=x dbname=a host=app:" + secret + "@db",
       "postgresql://app%3A" + secret + "@127.0.0.1:1/app", "postgresql://app%3A" + secret + "%40db.invalid/app",
       "postgresql://db.invalid/postgresql://app:" + secret + "@db", "app:" + secret + "@db.invalid/app",
       "postgresql//app:" + secret + "@db", "jdbc:postgresql://db/app?user=app&password=" + secret,
       "postgresql://app:x@127.0.0.1:1/app?sslmode=" + secret,
       "postgresql://app:x@127.0.0.1:1/app?connect_timeout=" + secret, "postgresql://app:x@[" + secret + "]:1/app;x",
       "DATABASE_URL=" + url, "export DATABASE_URL='" + url + "'"},
      {});
}

void check_not_told(const Start& gate, Variables variables, const char* format, const std::string& secret) {
  const std::string left = gate.folder.file("left", "");
  variables.try_emplace("SCHEMAGATE_LOG_FORMAT", format);
  variables.try_emplace("SCHEMAGATE_TERMINATION_LOG", left);
  variables.try_emplace("SCHEMAGATE_WAIT", "0s");
  CAPTURE(variables);
  const Ran ran = gate.start(variables);

  CHECK(ran.code != 0);
  CHECK(ran.code != 70);
  for (const std::string& text : {ran.err, ran.out, bytes_of(left)}) CHECK(text.find(secret) == std::string::npos);
}

}  // namespace

TEST_SUITE("secret: told nowhere") {
  TEST_CASE("a secret is not told again wherever it stands, in either format, on any way out") {
    const Start gate;
    // The short one would not be hidden where it were told.
    for (const char* secret : {"t0p-secret", "s3cret"})
      for (const auto& starts : {sources(secret), libpq_variables(secret), settings_with(secret), texts_with(secret)})
        for (const Variables& variables : starts) {
          check_not_told(gate, variables, "text", secret);
          check_not_told(gate, variables, "json", secret);
        }
  }

  TEST_CASE("what a shell repeats of its command is hidden") {
    const Start gate;

    const Ran ran = gate.start({{own_command, "exec postgresql://owner:t0p-secret@db/app"}});

    CHECK(ran.code == 78);
    CHECK(ran.err.find("t0p-secret") == std::string::npos);
    CHECK(ran.err.find(": not found\n") != std::string::npos);
  }

  TEST_CASE("what a migration and the server repeat of the password is hidden, in the history too") {
    const Start gate;
    const std::string& password = server().at("SERVER_PASSWORD");
    std::string reversed{password.rbegin(), password.rend()};
    std::filesystem::create_directories(gate.folder.path() + "/1_a");
    gate.folder.file("1_a/migration.sql", "DO $$BEGIN RAISE EXCEPTION 'it is %', reverse('" + reversed + "'); END$$");

    const Ran ran = support::schemagate({"apply", "--migrations", gate.folder.path()}, {{own, gate.database.url()}});

    CHECK(ran.code == 65);
    CHECK(ran.err.find("it is ***") != std::string::npos);
    const std::string logs = gate.database.value("SELECT logs FROM _prisma_migrations");
    CHECK(logs.find("it is ***") != std::string::npos);
    CHECK(logs.find(password) == std::string::npos);
  }

  TEST_CASE("a word of our own texts is not hidden: that would tell the password") {
    const Start gate;

    const Ran ran = gate.start({{own, "postgresql://nobody:password@127.0.0.1:" + server().at("SERVER_PORT") + "/x"},
                                {"SCHEMAGATE_WAIT", "0s"}});

    CHECK(ran.code == 69);
    CHECK(ran.err.find("password authentication failed") != std::string::npos);
    CHECK(ran.err.find("correct user or password in the URL") != std::string::npos);
    CHECK(ran.err.find("***") == std::string::npos);
  }

  TEST_CASE("no core file holds our memory, nobody looks into it, and the program has its limit back") {
    const Start gate;
    const auto soft = [] {
      const rlimit limit{4096, RLIM_INFINITY};
      ::setrlimit(RLIMIT_CORE, &limit);
    };
    // AddressSanitizer has a core limit of its own.
    const std::pair<const std::string, std::string> sanitizer{"ASAN_OPTIONS", "disable_coredump=0"};
    Running waiting{{binary(), "--migrations", gate.folder.path(), "--allow-empty", "--", "true"},
                    {{own, unreachable}, sanitizer},
                    soft};
    REQUIRE(waiting.wait_for("waiting for owner@127.0.0.1:1/app"));
    const std::string process = "/proc/" + std::to_string(waiting.pid());

    const std::string limits = bytes_of(process + "/limits");
    struct stat found {};
    ::stat((process + "/environ").c_str(), &found);
    waiting.signal(SIGTERM);
    waiting.finish();
    Running running{{binary(), "--migrations", gate.folder.path(), "--allow-empty", "--", "sh", "-c", "ulimit -S -c"},
                    {{own, gate.database.url()}, sanitizer},
                    soft};

    CHECK(std::regex_search(limits, std::regex{"Max core file size +0 +unlimited"}));
    CHECK(found.st_uid == 0);
    // In blocks of 512 bytes.
    CHECK(running.finish().out == "8\n");
  }
}
