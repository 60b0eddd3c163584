#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/image.hpp"

using namespace support;

namespace {

using Json = nlohmann::json;

/// A migration of each state: applied, edited, failed, rolled back, pending, ahead.
void prepare(Image& image) {
  image.migration("1_applied", "SELECT 1").migration("2_edited", "SELECT 1").migration("6_ahead", "SELECT 1");
  REQUIRE(image.apply().code == 0);
  image.folder.remove("6_ahead");
  image.migration("2_edited", "SELECT 2").migration("3_failed", "SELECT 1").migration("4_pending", "SELECT 1");
  image.database.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at, rolled_back_at) "
      "VALUES ('f', repeat('0', 64), '3_failed', 'why', '2024-05-06 07:08:09+00', NULL), "
      "('r', repeat('0', 64), '5_rolled_back', 'why', '2024-05-06 07:08:09+00', now())");
  image.database.query(
      "UPDATE _prisma_migrations SET started_at = '2024-01-01Z', finished_at = '2024-01-02Z' WHERE "
      "finished_at IS NOT NULL");
}

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

std::string sum(const Image& image, const std::string& script) {
  return image.database.value("SELECT encode(sha256('" + script + "'), 'hex')");
}

Json line(const std::string& name, const std::string& state, const Json& checksum, const Json& recorded,
          const Json& started, const Json& finished, const Json& logs) {
  return {{"name", name},          {"state", state},          {"checksum", checksum}, {"recorded_checksum", recorded},
          {"started_at", started}, {"finished_at", finished}, {"logs", logs}};
}

}  // namespace

TEST_SUITE("status") {
  TEST_CASE("a line a migration, and exit 0, when everything is applied") {
    Image image;
    image.migration("1_a", "SELECT 1").migration("2_b", "SELECT 1");
    REQUIRE(image.apply().code == 0);
    image.database.query("UPDATE _prisma_migrations SET started_at = '2024-05-06 07:08:09.123+02'");

    const Ran ran = image.command({"status"});

    CHECK(ran.code == 0);
    CHECK(ran.out == "database  " + image.database.place() +
                         ", schema \"public\"\n"
                         "folder    " +
                         image.folder.path() +
                         "\n"
                         "\n"
                         "applied      2024-05-06T05:08:09Z  1_a\n"
                         "applied      2024-05-06T05:08:09Z  2_b\n");
    CHECK(ran.err.empty());
  }

  TEST_CASE("each state has its word, and exit 76 where verify would refuse") {
    Image image;
    prepare(image);

    const Ran ran = image.command({"status"});

    CHECK(ran.code == 76);
    CHECK(ran.out == "database  " + image.database.place() +
                         ", schema \"public\"\n"
                         "folder    " +
                         image.folder.path() +
                         "\n"
                         "\n"
                         "applied      2024-01-01T00:00:00Z  1_applied\n"
                         "edited       2024-01-01T00:00:00Z  2_edited\n"
                         "failed       2024-05-06T07:08:09Z  3_failed\n"
                         "pending                            4_pending\n"
                         "rolled back  2024-05-06T07:08:09Z  5_rolled_back\n"
                         "ahead        2024-01-01T00:00:00Z  6_ahead\n");
    CHECK(ran.err == image.command({"verify"}).err);
  }

  TEST_CASE("without a history everything is pending, and nothing is created") {
    Image image{"?schema=app"};
    image.migration("1_a", "SELECT 1");

    const Ran ran = image.command({"status"});

    CHECK(ran.code == 76);
    CHECK(ran.out == "database  " + image.database.place() +
                         ", schema \"app\"\n"
                         "folder    " +
                         image.folder.path() +
                         "\n"
                         "history   none: no table \"_prisma_migrations\"\n"
                         "\n"
                         "pending                            1_a\n");
    CHECK(image.database.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'app'") == "0");
  }

  TEST_CASE("--json says all of it in one line") {
    Image image;
    prepare(image);
    const std::string one = sum(image, "SELECT 1");
    const std::string zeros(64, '0');
    const std::string first = "2024-01-01T00:00:00Z";
    const std::string second = "2024-01-02T00:00:00Z";
    const std::string failed = "2024-05-06T07:08:09Z";

    const Ran ran = image.command({"status", "--json"});

    CHECK(ran.code == 76);
    REQUIRE(json_lines(ran.out).size() == 1);
    Json json = json_lines(ran.out)[0];
    CHECK(json["refusal"]["code"] == 76);
    CHECK(json["refusal"]["where"] == image.database.place() + ", table \"public\".\"_prisma_migrations\"");
    for (const char* part : {"what", "state", "next"}) CHECK_FALSE(json["refusal"][part].get<std::string>().empty());
    json.erase("refusal");
    CHECK(json == Json{{"database", image.database.place()},
                       {"schema", "public"},
                       {"folder", image.folder.path()},
                       {"verdict", "refuse"},
                       {"migrations",
                        {line("1_applied", "applied", one, one, first, second, nullptr),
                         line("2_edited", "edited", sum(image, "SELECT 2"), one, first, second, nullptr),
                         line("3_failed", "failed", one, zeros, failed, nullptr, "why"),
                         line("4_pending", "pending", one, nullptr, nullptr, nullptr, nullptr),
                         line("5_rolled_back", "rolled back", nullptr, zeros, failed, nullptr, "why"),
                         line("6_ahead", "ahead", nullptr, one, first, second, nullptr)}}});
  }

  TEST_CASE("--json without a refusal has null in its place") {
    Image image;
    image.migration("1_a", "SELECT 1");
    REQUIRE(image.apply().code == 0);

    const Ran ran = image.command({"status", "--json"});

    CHECK(ran.code == 0);
    const Json json = Json::parse(ran.out);
    CHECK(json["verdict"] == "start");
    CHECK(json["refusal"].is_null());
    CHECK(json["migrations"].size() == 1);
  }

  TEST_CASE("a migration that failed before and is applied now is applied") {
    Image image;
    image.migration("1_a", "SELECT nothing");
    REQUIRE(image.apply().code == 65);
    CHECK(contains(image.command({"status"}).out, "\npending      20"));
    image.migration("1_a", "SELECT 1");
    REQUIRE(image.apply().code == 0);

    const Ran ran = image.command({"status"});

    CHECK(ran.code == 0);
    CHECK(contains(ran.out, "\napplied      20"));
    image.check_second_run_does_nothing();
  }

  TEST_CASE("status waits for no lock and needs no right but to read") {
    Image image;
    image.migration("1_a", "SELECT 1");
    REQUIRE(image.apply().code == 0);
    const std::string role = image.database.role("reader");
    image.database.query("GRANT SELECT ON _prisma_migrations TO " + role);

    CHECK(image.command({"status"}, image.database.url_as(role)).code == 0);
  }
}

TEST_SUITE("log") {
  TEST_CASE("with --log-format json every line of stderr is one JSON object") {
    Image image;
    image.migration("1_a", R"(DO $$ BEGIN RAISE WARNING E'two\nlines "quoted"'; END $$)");
    image.migration("2_b", "SELECT 1;\nSELECT nothing;\n");

    const Ran ran = image.command({"apply", "--log-format", "json"});

    CHECK(ran.code == 65);
    std::vector<Json> lines = json_lines(ran.err);
    REQUIRE(lines.size() == 3);
    for (Json& json : lines) {
      CHECK(json["time"].get<std::string>().size() == std::string{"2024-01-01T00:00:00.000Z"}.size());
      json.erase("time");
    }
    CHECK(lines[0] == Json{{"level", "warning"}, {"event", "server_message"}, {"message", "two\nlines \"quoted\""}});
    CHECK(lines[1]["milliseconds"].is_number());
    CHECK(lines[1]["event"] == "applied");
    CHECK(lines[1]["level"] == "info");
    CHECK(lines[1]["migration"] == "1_a");
    CHECK(lines[2] ==
          Json{{"level", "error"},
               {"event", "refused"},
               {"code", 65},
               {"what", "migration 2_b failed: column \"nothing\" does not exist (42703)"},
               {"where", image.file("2_b") + ":2:8\n   1 | SELECT 1;\n   2 | SELECT nothing;\n     |        ^"},
               {"state",
                "2_b: it was rolled back whole; 1 migration applied before it by this start; the program was not "
                "started"},
               {"next", "ship a corrected 2_b in a new image; it will simply be applied"}});
    image.migration("2_b", "SELECT 1");
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("every kind of refusal is JSON when asked, by variable too") {
    Image image;
    image.migration("1_a", "SELECT 1");
    const Variables json{{"SCHEMAGATE_LOG_FORMAT", "json"}};

    for (const std::vector<std::string>& command : {std::vector<std::string>{"verify"},
                                                    {"apply", "--lock-wait", "x"},
                                                    {"run"},
                                                    {"resolve", "--applied", "none"}}) {
      CAPTURE(command.front());
      const Ran ran = image.command(command, "", json);
      const std::vector<Json> lines = json_lines(ran.err);
      REQUIRE(lines.size() == 1);
      CHECK(lines[0]["event"] == "refused");
      CHECK(lines[0]["code"] == ran.code);
    }
  }

  TEST_CASE("server messages that are not UTF-8 or hold escapes cannot break a line or a terminal") {
    Image image;
    image.migration("1_a", R"(DO $$ BEGIN RAISE NOTICE E'\x1b]0;title\x07 \x1b[31mred'; END $$)");

    const Ran ran = image.apply();

    CHECK(ran.code == 0);
    CHECK(contains(ran.err, "schemagate: NOTICE: ?]0;title? red\n"));
    image.check_second_run_does_nothing();
  }

  TEST_CASE("colour is for terminals") {
    Image image;
    image.migration("1_a", "SELECT 1");
    const Variables variables{{"TERM", "xterm"}, {"SCHEMAGATE_DATABASE_URL", image.database.url()}};
    const std::string command = binary() + " apply --migrations " + image.folder.path();

    CHECK_FALSE(contains(image.command({"verify"}, "", {{"TERM", "xterm"}}).err, "\x1b"));
    const Ran ran = run({"script", "-qec", command, "/dev/null"}, variables);

    CHECK(ran.code == 0);
    CHECK(contains(ran.out, "\x1b[32mschemagate:\x1b[m applied 1_a in "));
    image.check_second_run_does_nothing();
  }
}
