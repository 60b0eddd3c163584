#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "support/image.hpp"
#include "support/namespace.hpp"
#include "support/plain.hpp"
#include "support/process.hpp"

using namespace support;

namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// A migration that fails, and where that is left.
struct Failing : Image {
  std::string file = folder.file("last-words", "of an earlier start, and longer than what will be there afterwards\n");

  explicit Failing(const std::string& script = "CREATE TABLE a (id nothing)") { migration("1_a", script); }
  [[nodiscard]] Ran apply(const std::string& where, const Variables& variables = {}) const {
    return command({"apply", "--termination-log", where}, "", variables);
  }
};

}  // namespace

TEST_SUITE("termination") {
  TEST_CASE("a refusal is left in the file that is there, instead of what was in it") {
    const Failing image;

    const Ran ran = image.apply(image.file);
    const std::string by_flag = text_of(image.file);
    const Ran again =
        image.command({"apply"}, "", {{"SCHEMAGATE_TERMINATION_LOG", image.file}, {"SCHEMAGATE_LOG_FORMAT", "json"}});

    CHECK(ran.code == 65);
    CHECK(contains(by_flag, "failed: type \"nothing\" does not exist (42704)\n  where  "));
    CHECK(ran.err.ends_with(by_flag));
    CHECK(again.code == 65);
    CHECK(text_of(image.file) == by_flag);
  }

  TEST_CASE("also what is wrong with the command line or the settings is left there") {
    const Failing image;

    CHECK(support::schemagate({"--termination-log", image.file, "apply", "--lockwait=5m"}, {}).code == 64);
    CHECK(
        text_of(image.file).starts_with("schemagate: the option --lockwait does not exist, or not for this command\n"));
    CHECK(
        support::schemagate({"apply"}, {{"SCHEMAGATE_TERMINATION_LOG", image.file}, {"SCHEMAGATE_LOCK", "5m"}}).code ==
        78);
    CHECK(text_of(image.file).starts_with("schemagate: SCHEMAGATE_LOCK is not a setting of schemagate\n"));
  }

  TEST_CASE("what is too long is cut where most is said, and the last words stay") {
    std::string names;
    for (int i = 0; i < 300; ++i) names += "/* " + std::string(20, 'x') + " \xe2\x82\xac */";
    const Failing image{"DO $$BEGIN RAISE EXCEPTION '" + names + "'; END$$"};

    const Ran ran = image.apply(image.file);
    const std::string left = text_of(image.file);

    CHECK(ran.code == 65);
    CHECK(ran.err.size() > 4096);
    CHECK(left.size() <= 4096);
    CHECK(left.size() > 4000);
    CHECK(left.starts_with("schemagate: migration 1_a failed: "));
    CHECK(left.ends_with(ran.err.substr(ran.err.rfind("\n  where  "))));
  }

  TEST_CASE("nothing is created, a success writes nothing, and whatever is in the way changes nothing") {
    const Failing image;
    const std::string missing = image.folder.path() + "/missing";
    const std::string pipe = image.folder.path() + "/pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);

    for (const std::string& where : {missing, pipe, image.folder.path(), std::string{"none"}, std::string{"/dev/full"}})
      CHECK(image.apply(where).code == 65);

    CHECK(::access(missing.c_str(), F_OK) != 0);
    image.database.query("CREATE DOMAIN nothing AS int");
    CHECK(image.apply(image.file).code == 0);
    CHECK(contains(text_of(image.file), "of an earlier start"));
  }

  TEST_CASE("by default it is Kubernetes' place") {
    const Failing image;
    // Of a /dev of our own: the real one is everybody's.
    std::vector<std::string> command =
        in_namespace({}, "cp -a /dev/null " + image.folder.path() + "/null; mount -t tmpfs none /dev; mv " +
                             image.folder.path() + "/null /dev; echo before >/dev/termination-log");
    for (const std::string& word :
         {std::string{"sh"}, std::string{"-c"},
          binary() + " apply --migrations " + image.folder.path() + " || cat /dev/termination-log"})
      command.push_back(word);

    const Ran ran = run(command, {{"SCHEMAGATE_DATABASE_URL", image.database.url()}});

    keep(ran);
    CHECK(ran.code == 0);
    CHECK(ran.out.starts_with("schemagate: migration 1_a failed: "));
    CHECK(ran.err.ends_with(ran.out));
  }
}
