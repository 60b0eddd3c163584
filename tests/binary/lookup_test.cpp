#include <doctest/doctest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "support/folder.hpp"
#include "support/namespace.hpp"
#include "support/process.hpp"
#include "text.hpp"

using namespace support;

namespace {

using Texts = std::vector<std::string>;

/// A network of its own with one DNS server, where nobody else listens: what a host was taken for is in the refusal.
struct Network {
  Folder folder;
  std::string records;
  std::string configuration = "search first.test second.test";

  [[nodiscard]] Ran start(const std::string& host) const {
    const std::string server = "127.0.0.53";
    const std::string setup = "rm -f " + folder.path() + "/asked; ip link set lo up; mount -t tmpfs none /etc; echo '" +
                              configuration + "\nnameserver " + server +
                              "' >/etc/resolv.conf; node " SCHEMAGATE_SOURCE "/tests/support/resolver.js " + server +
                              " " + records + " >" + folder.path() + "/asked & until grep -qs listening " +
                              folder.path() + "/asked; do sleep 0.05; done";
    Texts command = in_namespace({"--net", "--pid", "--fork"}, setup);
    command.insert(command.end(), {binary(), "verify", "--allow-empty", "--migrations", folder.path(), "--wait", "0s"});
    Ran ran = run(command, {{"SCHEMAGATE_DATABASE_URL", "postgresql://postgres@" + host + ":1/x?sslmode=disable"}});
    keep(ran);
    return ran;
  }
  [[nodiscard]] std::string asked() const { return run({"cat", folder.path() + "/asked"}).out; }
};

/// With blanks between them. Which one comes first depends on the routes of the machine.
std::string addresses(const Network& network, const std::string& host) {
  const Ran ran = network.start(host);
  CHECK_MESSAGE(ran.code == 69, ran.err);
  static const std::regex address{R"x(at "([0-9a-f.:]+)", port 1 failed)x"};
  Texts found;
  for (std::sregex_iterator at{ran.err.begin(), ran.err.end(), address}; at != std::sregex_iterator{}; ++at)
    found.push_back((*at)[1]);
  std::ranges::sort(found);
  return schemagate::join(found, " ");
}

std::string addresses(const std::string& records, const std::string& host, const std::string& configuration = {}) {
  Network network;
  network.records = records;
  if (!configuration.empty()) network.configuration = configuration;
  return addresses(network, host);
}

}  // namespace

TEST_SUITE("lookup") {
  TEST_CASE("a name has the addresses of both families") {
    CHECK(addresses("db.first.test/A=127.0.0.2 db.first.test/AAAA=::1", "db") == "127.0.0.2 ::1");
    CHECK(addresses("db.first.test/A=127.0.0.2 db.first.test/A=127.0.0.3", "db") == "127.0.0.2 127.0.0.3");
  }

  TEST_CASE("a name that is found in one domain is not looked for in the next one") {
    Network network;
    network.records = "db.first.test/A=127.0.0.2 db.second.test/AAAA=::1";

    CHECK(addresses(network, "db") == "127.0.0.2");
    CHECK(network.asked() == "listening\ndb.first.test A\ndb.first.test AAAA\n");
    CHECK(addresses("db.first.test/AAAA=::1 db.second.test/A=127.0.0.2", "db") == "::1");
    CHECK(addresses("db.second.test/AAAA=::1 db/A=127.0.0.2", "db") == "::1");
  }

  TEST_CASE("a domain whose servers fail does not hide the next one") {
    CHECK(addresses("db.first.test/SERVFAIL= db.second.test/A=127.0.0.2", "db") == "127.0.0.2");
  }

  TEST_CASE("a name with enough dots is asked for as it is, and first") {
    const std::string records = "a.db.first.test/A=127.0.0.2 a.db/A=127.0.0.3";

    CHECK(addresses(records, "a.db") == "127.0.0.3");
    CHECK(addresses(records, "a.db.") == "127.0.0.3");
    CHECK(addresses(records, "a.db", "search first.test\noptions ndots:5") == "127.0.0.2");
    CHECK(addresses("a.db/A=127.0.0.3", "a.db", "search first.test\noptions ndots:5") == "127.0.0.3");
    CHECK(addresses(records, "a.db.", "search first.test\noptions ndots:5") == "127.0.0.3");
  }

  TEST_CASE("the seventh domain of a search is known too") {
    CHECK(addresses("db.7.test/A=127.0.0.2", "db", "search 1.test 2.test 3.test 4.test 5.test 6.test 7.test") ==
          "127.0.0.2");
  }

  TEST_CASE("a name without addresses is told in the resolver's words") {
    Network network;
    network.records = "db.first.test/TXT=x other/A=127.0.0.2";

    for (const auto& [host, words] :
         {std::pair{"nowhere", "Name or service not known"}, std::pair{"db", "No address associated with hostname"}}) {
      const Ran ran = network.start(host);
      CHECK(ran.code == 69);
      CHECK(ran.err == "schemagate: no connection at the first try; last error: the host name \"" + std::string{host} +
                           "\" cannot be resolved: " + words + "\n  where  postgres@" + host +
                           ":1/x\n  state  the database was not changed; the program was not started\n  next   check "
                           "that the server runs and that host, port and firewall are right; to wait longer, raise "
                           "--wait (SCHEMAGATE_WAIT)\n");
    }
  }
}
