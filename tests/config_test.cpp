#include "config.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "failure.hpp"
#include "support/folder.hpp"

namespace schemagate {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

/// An environment of `NAME=value` strings.
class Variables {
 public:
  explicit Variables(Words strings) : strings_{std::move(strings)} {
    for (std::string& string : strings_) pointers_.push_back(string.data());
    pointers_.push_back(nullptr);
  }
  [[nodiscard]] Environment environment() { return Environment{pointers_.data()}; }

 private:
  Words strings_;
  std::vector<char*> pointers_;
};

Config config(const Words& arguments, const Words& variables = {}) {
  Variables strings{variables};
  return make_config(read_command_line(arguments), strings.environment());
}

Report refusal(const Words& arguments, const Words& variables = {}) {
  try {
    (void)config(arguments, variables);
    return {};
  } catch (const Failure& failure) {
    return failure.report();
  }
}

/// A digit for each word that --skip is set to.
std::string switched(const Words& words) {
  std::string result;
  for (const std::string& word : words) result += config({"apply"}, {"SCHEMAGATE_SKIP=" + word}).skip ? "1" : "0";
  return result;
}

/// Those of the texts that are durations.
Words durations(const Words& texts) {
  Words result;
  std::ranges::copy_if(texts, std::back_inserter(result),
                       [](const std::string& text) { return parse_duration(text).has_value(); });
  return result;
}

LogFormat format(const Words& arguments, const Words& variables = {}) {
  Variables strings{variables};
  return log_format(arguments, strings.environment());
}

/// Goes there for the rest of the test.
class Inside {
 public:
  explicit Inside(const std::string& folder) : before_{std::filesystem::current_path()} {
    std::filesystem::current_path(folder);
  }
  ~Inside() { std::filesystem::current_path(before_); }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  std::filesystem::path before_;
};

TEST_SUITE("config") {
  TEST_CASE("pending migrations are applied by default, and what is doubtful is refused") {
    const Policy policy = config({"apply"}).policy;

    CHECK(policy.pending == OnPending::apply);
    CHECK(policy.ahead == OnAhead::compatible);
    CHECK(policy.edited == OnEdited::refuse);
  }

  TEST_CASE("by default we wait a minute for the database and five for the lock, which is taken") {
    const Config found = config({"apply"});

    CHECK(found.wait == 60s);
    CHECK(found.lock_wait == 5min);
    CHECK_FALSE(found.deadline.has_value());
    CHECK(found.use_lock);
  }

  TEST_CASE("every switch is off by default") {
    const Config found = config({"apply"});

    CHECK_FALSE((found.allow_empty || found.create_database || found.skip || found.init));
  }

  TEST_CASE("by default nothing runs around apply, and no identity logs in") {
    const Config found = config({"apply"});

    CHECK((found.before.empty() && found.after.empty()));
    CHECK(found.hook_timeout == 60s);
    CHECK(found.azure_identity.empty());
  }

  TEST_CASE("a managed identity is the system's or has a client id") {
    const std::string id = "11111111-2222-3333-4444-55555555abCD";

    CHECK(config({"apply"}, {"SCHEMAGATE_AZURE_IDENTITY=system"}).azure_identity == "system");
    CHECK(config({"apply", "--azure-identity", id}).azure_identity == id);
    CHECK(config({"apply", "--azure-identity=none"}, {"SCHEMAGATE_AZURE_IDENTITY=system"}).azure_identity.empty());
    for (const std::string wrong :
         {"System", "11111111-2222-3333-4444-55555555abC", "11111111-2222-3333-4444-55555555abCg"})
      CHECK(refusal({"apply"}, {"SCHEMAGATE_AZURE_IDENTITY=" + wrong}) ==
            Report{.code = 78,
                   .what = "SCHEMAGATE_AZURE_IDENTITY has a value that it does not take",
                   .where = "SCHEMAGATE_AZURE_IDENTITY",
                   .state = "the database was not contacted; the program was not started",
                   .next = "allowed: none, system, or the client id of a user-assigned identity, like "
                           "11111111-2222-3333-4444-555555555555"});
  }

  TEST_CASE("what after is told is known to a schemagate that it starts") {
    CHECK(refusal({"status"}, {"SCHEMAGATE_OUTCOME=applied", "SCHEMAGATE_EXIT_CODE=0"}) == Report{});
  }

  TEST_CASE("where a refusal is left is known before the settings are checked") {
    Variables variables{{"SCHEMAGATE_TERMINATION_LOG=/var"}};

    CHECK(termination_log({"apply"}, Variables{{}}.environment()) == "/dev/termination-log");
    CHECK(termination_log({"apply"}, variables.environment()) == "/var");
    CHECK(termination_log({"--termination-log=none", "--", "x"}, variables.environment()) == "none");
    CHECK(termination_log({"--", "x", "--termination-log", "y"}, variables.environment()) == "/var");
  }

  TEST_CASE("by default the usual snapshot is demanded to be true, of everything") {
    const Config found = config({"apply"});

    CHECK(found.snapshot.empty());
    CHECK(found.drift == OnDrift::refuse);
    CHECK(found.ignore.empty());
    CHECK(found.pg_bin.empty());
  }

  TEST_CASE("what is not compared is a list") {
    const Config found = config({"apply", "--ignore", "public.tmp_*,,public.queue"}, {"SCHEMAGATE_DRIFT=warn"});

    CHECK(found.ignore == Words{"public.tmp_*", "public.queue"});
    CHECK(found.drift == OnDrift::warn);
    CHECK(config({"apply", "--ignore=none"}).ignore.empty());
  }

  TEST_CASE("a variable sets what its flag sets") {
    const Config found = config({"apply"}, {"SCHEMAGATE_LOCK_WAIT=30s", "SCHEMAGATE_AHEAD=allow",
                                            "SCHEMAGATE_ALLOW_EMPTY=1", "SCHEMAGATE_MIGRATIONS=db"});

    CHECK(found.lock_wait == 30s);
    CHECK(found.policy.ahead == OnAhead::allow);
    CHECK(found.allow_empty);
    CHECK(found.migrations == "db");
  }

  TEST_CASE("a flag wins over its variable") {
    const Words variables{"SCHEMAGATE_WAIT=30s", "SCHEMAGATE_SKIP=1", "SCHEMAGATE_MIGRATIONS=db"};
    const Config found = config({"apply", "--wait=5s", "--skip=false", "--migrations=sql"}, variables);

    CHECK(found.wait == 5s);
    CHECK_FALSE(found.skip);
    CHECK(found.migrations == "sql");
  }

  TEST_CASE("an empty variable is not set") {
    CHECK(config({"apply"}, {"SCHEMAGATE_WAIT="}).wait == 60s);
    CHECK_FALSE(config({"apply"}, {"SCHEMAGATE_SKIP="}).skip);
  }

  TEST_CASE("every word of a choice is understood") {
    CHECK(config({"apply", "--pending=refuse"}).policy.pending == OnPending::refuse);
    CHECK(config({"apply", "--ahead=refuse"}).policy.ahead == OnAhead::refuse);
    CHECK(config({"apply", "--ahead=compatible"}).policy.ahead == OnAhead::compatible);
    CHECK(config({"apply", "--edited=warn"}).policy.edited == OnEdited::warn);
  }

  TEST_CASE("verify and status apply nothing, whatever is set") {
    CHECK(config({"verify", "--pending=apply"}).policy.pending == OnPending::refuse);
    CHECK(config({"status"}, {"SCHEMAGATE_PENDING=apply"}).policy.pending == OnPending::refuse);
    CHECK(config({"run", "--", "x"}).policy.pending == OnPending::apply);
  }

  TEST_CASE("the deadline is a duration, or none") {
    CHECK(config({"apply", "--deadline=45s"}).deadline == 45s);
    CHECK_FALSE(config({"apply", "--deadline=none"}, {"SCHEMAGATE_DEADLINE=45s"}).deadline.has_value());
  }

  TEST_CASE("Prisma's variable leaves out the lock unless it is empty or 0") {
    CHECK_FALSE(config({"apply"}, {"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK=1"}).use_lock);
    CHECK_FALSE(config({"apply"}, {"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK=true"}).use_lock);
    CHECK(config({"apply"}, {"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK=0"}).use_lock);
    CHECK(config({"apply"}, {"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK="}).use_lock);
  }

  TEST_CASE("command, program and resolution are those of the command line") {
    CHECK(config({"--", "server", "-x"}).line.program == Words{"server", "-x"});
    CHECK(config({"resolve", "--accept=1_a"}).line.resolve == std::pair{Resolution::accept, std::string{"1_a"}});
    CHECK(config({"status", "--json"}).line.format == Format::json);
    CHECK(config({"verify"}).command == Command::verify);
  }
}

TEST_SUITE("config: refusals") {
  TEST_CASE("a flag's value that is not among the words is a usage error") {
    const Report report = refusal({"apply", "--ahead=ignore"});

    CHECK(report == Report{.code = 64,
                           .what = "--ahead has a value that it does not take",
                           .where = "--ahead",
                           .state = "the database was not contacted; the program was not started",
                           .next = "allowed: refuse, compatible, allow"});
  }

  TEST_CASE("the same in a variable is an error of the configuration") {
    const Report report = refusal({"apply"}, {"SCHEMAGATE_AHEAD=ignore"});

    CHECK(report == Report{.code = 78,
                           .what = "SCHEMAGATE_AHEAD has a value that it does not take",
                           .where = "SCHEMAGATE_AHEAD",
                           .state = "the database was not contacted; the program was not started",
                           .next = "allowed: refuse, compatible, allow"});
  }

  TEST_CASE("an empty value of a flag is refused") {
    CHECK(refusal({"apply", "--pending", ""}).what == "--pending is empty");
    CHECK(refusal({"apply", "--wait", ""}).what == "--wait is empty");
  }

  TEST_CASE("a duration without a unit is refused with examples") {
    const Report report = refusal({"apply"}, {"SCHEMAGATE_WAIT=60"});

    CHECK(report.what == "SCHEMAGATE_WAIT has a value that it does not take");
    CHECK(report.next == "allowed: a number and its unit, up to a year: 500ms, 30s, 5m, 1h");
    CHECK(refusal({"apply", "--deadline=soon"}).what == "--deadline has a value that it does not take");
  }

  TEST_CASE("a value that cannot be read is not told again") {
    for (const char* name :
         {"PENDING", "AHEAD", "EDITED", "DRIFT", "ALLOW_EMPTY", "CREATE_DATABASE", "AZURE_IDENTITY", "WAIT",
          "LOCK_WAIT", "DDL_LOCK_TIMEOUT", "DEADLINE", "HOOK_TIMEOUT", "INIT", "LOG_FORMAT", "SKIP", "SHOW_VALUES"}) {
      CAPTURE(name);
      const Report report = refusal({"apply"}, {std::string{"SCHEMAGATE_"} + name + "=s3cret"});
      CHECK(report.code == 78);
      for (const std::string& part : {report.what, report.where, report.state, report.next})
        CHECK(part.find("3cret") == std::string::npos);
    }
  }

  TEST_CASE("a switch is on or off and nothing else") {
    CHECK(switched({"1", "true", "yes", "on"}) == "1111");
    CHECK(switched({"0", "false", "no", "off"}) == "0000");
    CHECK(refusal({"apply"}, {"SCHEMAGATE_SKIP=TRUE"}).next == "allowed: 1, true, yes, on, 0, false, no, off");
  }

  TEST_CASE("an unknown SCHEMAGATE_ variable is refused, even when it is empty") {
    for (const char* string : {"SCHEMAGATE_LOCKWAIT=5m", "SCHEMAGATE_LOCKWAIT="})
      CHECK(refusal({"apply"}, {string}) ==
            Report{.code = 78,
                   .what = "SCHEMAGATE_LOCKWAIT is not a setting of schemagate",
                   .where = "SCHEMAGATE_LOCKWAIT",
                   .state = "the database was not contacted; the program was not started",
                   .next = "correct or remove the variable; schemagate --help lists them all"});
  }

  TEST_CASE("the variables of the secret are known, and everybody else's are not ours") {
    CHECK(refusal({"apply"}, {"SCHEMAGATE_DATABASE_URL=x", "SCHEMAGATE_DATABASE_URL_FILE=x",
                              "SCHEMAGATE_DATABASE_URL_COMMAND=x", "SCHEMAGATES=1", "MY_SCHEMAGATE_X=1"}) == Report{});
  }

  TEST_CASE("an unknown format of the log is refused") {
    CHECK(refusal({"apply", "--log-format=xml"}).next == "allowed: text, json");
    CHECK(refusal({"apply"}, {"SCHEMAGATE_LOG_FORMAT=JSON"}).code == 78);
  }
}

TEST_SUITE("config: the folder of migrations") {
  TEST_CASE("Prisma's folder is the default, also when nothing is there") {
    const support::Folder folder;
    const Inside inside{folder.path()};
    CHECK(config({"apply"}).migrations == "prisma/migrations");

    folder.file("prisma/migrations/1_a/migration.sql", "");
    folder.file("migrations/1_a/migration.sql", "");

    CHECK(config({"apply"}).migrations == "prisma/migrations");
  }

  TEST_CASE("without Prisma's folder the plain one is taken") {
    const support::Folder folder;
    folder.file("migrations/1_a/migration.sql", "");
    const Inside inside{folder.path()};

    CHECK(config({"apply"}).migrations == "migrations");
  }
}

TEST_SUITE("config: durations") {
  TEST_CASE("a duration is a number and its unit") {
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("30s") == 30s);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("1h") == 1h);
    CHECK(parse_duration("0s") == 0s);
  }

  TEST_CASE("anything else is not a duration") {
    CHECK(durations({"", "5", "s", "-5s", "+5s", " 5s", "5 s", "5s ", "1.5s", "1m30s", "5S", "5d", "0x5s", "1e3s"}) ==
          Words{});
  }

  TEST_CASE("more than a year is refused instead of overflowing the clock") {
    CHECK(parse_duration("8760h") == 8760h);
    CHECK(durations({"8761h", "525601m", "31536001s", "2147483647h", "99999999999s"}) == Words{});
  }
}

TEST_SUITE("config: format of the log") {
  TEST_CASE("the flag wins over the variable, in both its forms") {
    CHECK(format({}) == LogFormat::text);
    CHECK(format({}, {"SCHEMAGATE_LOG_FORMAT=json"}) == LogFormat::json);
    CHECK(format({"apply", "--log-format=json"}) == LogFormat::json);
    CHECK(format({"apply", "--log-format", "json"}) == LogFormat::json);
    CHECK(format({"--log-format=text"}, {"SCHEMAGATE_LOG_FORMAT=json"}) == LogFormat::text);
  }

  TEST_CASE("the program's arguments say nothing about our log") {
    CHECK(format({"--", "server", "--log-format=json"}) == LogFormat::text);
    CHECK(format({"--log-format", "--", "json"}) == LogFormat::text);
  }
}

}  // namespace
}  // namespace schemagate
