#include <doctest/doctest.h>

#include "support/relay.hpp"
#include "support/sealed.hpp"
#include "support/session.hpp"

using namespace support;

// Sessions that are lost where nothing was applied yet, or no more.
namespace {

constexpr const char* first_question = "server_version_num";
constexpr const char* description = "WITH ext AS MATERIALIZED";

const std::string lost = "the connection was lost: server closed the connection unexpectedly";
const std::string again = "schemagate: warning: " + lost + "; connecting again\n";

std::string given_up(const Relay& relay, const Image& image, const std::string& state) {
  return "schemagate: " + lost + "\n  where  " + relay.place(image.database.name()) + "\n  state  " + state +
         "; the program was not started\n  next   start again\n";
}

Ran start(const Image& image, const Relay& relay, const std::vector<std::string>& words = {"apply"}) {
  return image.command(words, relay.url(image.database.name()));
}

SealedImage& shop(SealedImage& image) {
  add_shop(image);
  return image.seal();
}

}  // namespace

TEST_SUITE("reconnect") {
  TEST_CASE("a session that is cut at the first question is begun again, and the program starts") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(image.apply().code == 0);
    const Relay relay{first_question, 1};

    const Ran ran = start(image, relay, {"run", "--", "echo", "started"});

    CHECK(ran.code == 0);
    CHECK(ran.out == "started\n");
    CHECK(ran.err == again + "schemagate: up to date: 1 migration applied; starting echo\n");
  }

  TEST_CASE("a session that is cut at the first question before migrations is begun again") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    const Relay relay{first_question, 2};

    const Ran ran = start(image, relay);

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) ==
          again + again + "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied\n");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a session that is cut at the first question each time is given up after three") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    const Relay relay{first_question, 9};

    const Ran ran = start(image, relay);

    CHECK(ran.code == 69);
    CHECK(relay.faults() == 3);
    CHECK(ran.err == again + again + given_up(relay, image, "the database was not changed"));
  }

  TEST_CASE("a session that is cut while the schema is verified is begun again, and says what was done") {
    SealedImage image;
    shop(image);
    const Relay relay{description, 1};

    const Ran ran = start(image, relay);

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == "schemagate: applied 1_users in T\nschemagate: applied 2_orders in T\n" + again +
                                "schemagate: migrated: 2 migrations applied\n");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("verification that is cut each time is given up, and what was applied is not denied") {
    SealedImage image;
    shop(image);
    const Relay relay{description, 9};

    const Ran migrating = start(image, relay);
    const Ran verifying = start(image, relay, {"verify"});

    CHECK(migrating.code == 69);
    CHECK(migrating.err.ends_with(again + given_up(relay, image, "what was applied is recorded")));
    CHECK(image.database.history().size() == 2);
    CHECK(verifying.code == 69);
    CHECK(verifying.err == again + again + given_up(relay, image, "the database was not changed"));
  }

  TEST_CASE("status and diff are asked again on another session") {
    SealedImage image;
    shop(image);
    REQUIRE(image.command({"apply", "--snapshot", "none"}).code == 0);
    for (const char* text : {first_question, description}) {
      CAPTURE(text);
      const Relay status{text, 1};
      const Relay diff{text, 1};

      const Ran told = start(image, status, {"status"});
      const Ran differs = start(image, diff, {"diff"});

      CHECK(told.code == 0);
      CHECK(told.err == again);
      CHECK(told.out.find("applied ") == told.out.rfind("\n\n") + 2);
      CHECK(differs.code == 0);
      CHECK(differs.err == again);
    }
  }

  TEST_CASE("a session that is cut while it creates the database tries again") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    image.database.query("SELECT 1");
    const std::string name = image.database.name() + "_made";
    const Relay relay{"CREATE DATABASE", 1};

    const Ran ran = image.command({"apply", "--create-database"}, relay.url(name));
    image.database.query("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");

    CHECK(ran.code == 0);
    CHECK(relay.faults() == 1);
    CHECK(contains(ran.err, "schemagate: created the database \"" + name + "\"\n"));
  }

  TEST_CASE("no server after a loss in the middle says what was done, not that nothing was") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)").migration("2_b", "CREATE TABLE b (id int)");
    const Relay relay{"CREATE TABLE b", 1, Relay::Fault::close};

    const Ran ran = start(image, relay, {"apply", "--wait", "1s"});

    CHECK(ran.code == 69);
    CHECK(contains(ran.err, "schemagate: warning: the connection was lost while applying 2_b: "));
    CHECK(contains(ran.err, "schemagate: no connection within 1.0 s; last error: "));
    CHECK(contains(ran.err, "\n  state  what was applied is recorded; the program was not started\n"));
    CHECK(image.database.history() == std::vector<std::string>{"1_a|t|f|1|"});
  }

  TEST_CASE("a server that only reads after a failover is waited for, not refused") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    Session holder{image.database.name()};
    holder.value("SELECT pg_advisory_lock(72707369)");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(running.wait_for("waiting for the migration lock"));

    const std::string alter = "ALTER DATABASE " + image.database.name();
    image.database.query(alter + " SET default_transaction_read_only = on");
    holder.value(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
        "application_name = 'schemagate'");
    REQUIRE(running.wait_for("the server only reads now"));
    holder.value("SELECT pg_advisory_unlock(72707369)");
    holder.value("SET default_transaction_read_only = off");
    holder.value(alter + " RESET default_transaction_read_only");
    const Ran ran = running.finish();
    keep(ran);

    CHECK(ran.code == 0);
    CHECK(plain(ran.err).ends_with(
        "connecting again\nschemagate: the server only reads now; waiting until it accepts writes\n"
        "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied\n"));
  }

  TEST_CASE("a server that only reads is waited for when the first question was lost, but not to verify") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    const std::string alter = "ALTER DATABASE " + image.database.name();
    Session other{image.database.name()};
    other.value(alter + " SET default_transaction_read_only = on");
    const Relay verifying{first_question, 1};
    const Relay applying{first_question, 1};

    const Ran verified = start(image, verifying, {"verify"});
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", applying.url(image.database.name())}}};
    REQUIRE(running.wait_for("the server only reads now"));
    other.value(alter + " RESET default_transaction_read_only");
    const Ran ran = running.finish();
    keep(ran);

    CHECK(verified.code == 76);
    CHECK(verified.err.starts_with(again + "schemagate: 1 migration is pending:\n"));
    CHECK(ran.code == 0);
    CHECK(ran.err.starts_with(again + "schemagate: the server only reads now; waiting until it accepts writes\n"));
  }

  TEST_CASE("a server that only reads for longer than --wait after a failover is refused by name") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    Session holder{image.database.name()};
    holder.value("SELECT pg_advisory_lock(72707369)");
    Running running{{binary(), "apply", "--wait", "1s", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(running.wait_for("waiting for the migration lock"));

    image.database.query("ALTER DATABASE " + image.database.name() + " SET default_transaction_read_only = on");
    holder.value(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
        "application_name = 'schemagate'");
    const Ran ran = running.finish();
    keep(ran);

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "and this session may only read: a standby, or a server or role set read-only\n"));
    CHECK(
        contains(ran.err,
                 "\n  state  0 migrations of this image applied, 1 pending; what was applied is recorded; the program "
                 "was not started\n"));
  }
}
