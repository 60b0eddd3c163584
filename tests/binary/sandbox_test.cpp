#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "support/image.hpp"
#include "support/namespace.hpp"
#include "support/port.hpp"

using namespace support;

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

std::string content(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// Migrations, and a TMPDIR that nobody else uses.
class Place {
 public:
  Place() {
    migrations.migration("1_a", "CREATE TABLE a (id int)");
    // The server works in it as another user.
    ::chmod(temporary.path().c_str(), 0777);
  }

  [[nodiscard]] Words words(const Words& options, const Words& program) const {
    Words all{"sandbox", "--migrations", migrations.path()};
    all.insert(all.end(), options.begin(), options.end());
    all.emplace_back("--");
    all.insert(all.end(), program.begin(), program.end());
    return all;
  }
  [[nodiscard]] Variables variables(const Variables& more = {}) const {
    Variables all = more;
    all["TMPDIR"] = temporary.path();
    return all;
  }
  [[nodiscard]] Words command(const Words& program, const Words& options = {}) const {
    Words all = words(options, program);
    all.insert(all.begin(), binary());
    return all;
  }
  [[nodiscard]] Ran run(const Words& program, const Words& options = {}, const Variables& more = {}) const {
    return schemagate(words(options, program), variables(more));
  }

  /// What is in the TMPDIR, and the processes that work there.
  [[nodiscard]] std::size_t folders() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{temporary.path()}, {}));
  }
  [[nodiscard]] std::vector<pid_t> processes(const std::string& name = "") const {
    std::vector<pid_t> found;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator{"/proc"}) {
      const std::string folder = fs::read_symlink(entry.path() / "cwd", error);
      if (error || !folder.starts_with(temporary.path())) continue;
      if (name.empty() || content(entry.path() / "comm") == name + "\n")
        found.push_back(std::stoi(entry.path().filename()));
    }
    return found;
  }
  [[nodiscard]] bool is_clean() const { return folders() == 0 && processes().empty(); }

  /// Programs for --pg-bin; the server's user can run them.
  [[nodiscard]] std::string programs(const std::string& initdb, const std::string& postgres) const {
    for (const auto& [name, script] : {std::pair{"initdb", initdb}, std::pair{"postgres", postgres}})
      ::chmod(fake.file(name, "#!/bin/sh\n" + script + "\n").c_str(), 0755);
    ::chmod(fake.path().c_str(), 0755);
    return fake.path();
  }

  Folder migrations;
  Folder temporary;
  Folder fake;
};

/// Works in the TMPDIR, so that it is found there.
Words standing(const Place& place) {
  return {"sh", "-c", "cd " + place.temporary.path() + " && echo standing >&2 && exec sleep 1000"};
}

bool is_nothing_left(const Place& place) {
  return eventually([&] { return place.is_clean(); });
}

/// A terminal whose foreground process is the child that opens it.
class Terminal {
 public:
  Terminal() : master_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)} {
    REQUIRE(::grantpt(master_) == 0);
    REQUIRE(::unlockpt(master_) == 0);
    std::array<char, 64> name{};
    REQUIRE(::ptsname_r(master_, name.data(), name.size()) == 0);
    name_ = name.data();
  }
  ~Terminal() { ::close(master_); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// In the child.
  void take() const {
    ::setsid();
    ::dup2(::open(name_.c_str(), O_RDWR), STDIN_FILENO);
  }
  void type(char key) const { REQUIRE(::write(master_, &key, 1) == 1); }

 private:
  int master_;
  std::string name_;
};

/// A migration that looks for the operator's secret as whoever the throw-away server is: in the environments, files and
/// memory of all that it may read. The needle is not in the script itself.
constexpr const char* looking = R"sql(CREATE TABLE found (line text);
COPY found FROM PROGRAM $sh$perl -e '
  for my $pid (map { m{(\d+)} } glob("/proc/[0-9]*")) {
    my $text = "";
    if (open my $file, "<", "/proc/$pid/environ") { local $/; $text .= <$file> }
    open my $maps, "<", "/proc/$pid/maps" or next;
    open my $memory, "<", "/proc/$pid/mem" or next;
    open my $name, "<", "/proc/$pid/comm" or next;
    print "looked into itself\n" if $pid == $$;
    next unless <$name> =~ /schemagate/;
    for (<$maps>) {
      my ($first, $last) = /^(\w+)-(\w+) r/ or next;
      next if hex($last) - hex($first) > 1 << 26;
      seek $memory, hex($first), 0;
      read $memory, my $part, hex($last) - hex($first) and $text .= $part;
    }
    print "$pid\n" if $text =~ /t0p-s[e]cret/;
  }
  for my $file (glob("$ENV{PGDATA}/* $ENV{PGDATA}/../*")) {
    open my $text, "<", $file or next;
    local $/;
    print "$file\n" if <$text> =~ /t0p-s[e]cret/;
  }
  print map { "$_\n" } grep { $ENV{$_} =~ /t0p-s[e]cret/ } keys %ENV'$sh$;
DO $$BEGIN
  IF (SELECT string_agg(line, ' ') FROM found) IS DISTINCT FROM 'looked into itself' THEN
    RAISE EXCEPTION 'found: %', (SELECT string_agg(line, ' ') FROM found);
  END IF;
END$$)sql";

/// Root may look into everything: neither it nor the server is root.
void become_nobody() {
  if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(124);
}

}  // namespace

TEST_SUITE("sandbox: secrets") {
  TEST_CASE("no migration that runs on a throw-away server finds the operator's URL") {
    Place place;
    place.migrations.migration("2_look", looking);
    for (const char* folder : {"", "/1_a", "/2_look"}) ::chmod((place.migrations.path() + folder).c_str(), 0777);
    const Variables secrets{{"DATABASE_URL", "postgresql://u:t0p-secret@192.0.2.1/p"},
                            {"DIRECT_URL", "postgresql://u:t0p-secret@192.0.2.1:6432/p"},
                            {"SCHEMAGATE_SNAPSHOT", place.temporary.path() + "/schema.snapshot"},
                            {"PGPASSWORD", "t0p-secret"}};

    for (const Words& words : {Words{binary(), "snapshot", "--migrations", place.migrations.path()},
                               place.command({"sh", "-c", "! env | grep t0p-secret"})}) {
      const Ran ran = Running{words, place.variables(secrets), become_nobody}.finish();

      CHECK_MESSAGE(ran.code == 0, ran.err);
      CHECK(ran.out.find("t0p-secret") == std::string::npos);
    }
  }
}

TEST_SUITE("sandbox") {
  TEST_CASE("a sandbox's program finds a migrated database, and no other") {
    const Place place;
    const Variables others{{"SCHEMAGATE_DATABASE_URL", "postgresql://u:p@192.0.2.1/production"},
                           {"DATABASE_URL_FILE", "/nowhere"},
                           {"PGSERVICE", "production"},
                           {"PGHOSTADDR", "192.0.2.1"},
                           {"PGOPTIONS", "-c search_path=elsewhere"},
                           {"PGSSLMODE", "verify-full"},
                           {"KEPT", "yes"}};

    const Ran ran = place.run({"sh", "-c",
                               "psql -Atc 'SELECT count(*) FROM public.a' && "
                               "psql -Atc 'SELECT migration_name FROM _prisma_migrations' \"$DATABASE_URL\" && "
                               "test \"$DATABASE_URL\" = postgresql://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE "
                               "&& env | grep -E '^(SCHEMA|DATABASE|PG|KEPT)' | sed 's/=.*//' | sort"},
                              {}, others);

    CHECK(ran.code == 0);
    CHECK(ran.out == "0\n1_a\nDATABASE_URL\nKEPT\nPGDATABASE\nPGHOST\nPGPASSWORD\nPGPORT\nPGUSER\n");
    CHECK(std::regex_match(plain(ran.err),
                           std::regex{"schemagate: started a throw-away PostgreSQL [0-9]+ in T\n"
                                      "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied\n"}));
    CHECK(place.is_clean());
  }

  TEST_CASE("a sandbox ends as its program does") {
    const Place place;
    CHECK(place.run({"sh", "-c", "exit 7"}).code == 7);
    CHECK(place.run({"sh", "-c", "kill -KILL $$"}).code == 137);
    CHECK(place.is_clean());
  }

  TEST_CASE("a sandbox's program has the descriptors and signals that we were given") {
    const Place place;
    const Words show{"sh", "-c", "ls /proc/self/fd | wc -l; grep -E '^Sig(Blk|Ign)' /proc/self/status"};
    CHECK(place.run(show).out == run(show).out);
  }

  TEST_CASE("signals reach a sandbox's program, and all is removed when it has ended") {
    const Place place;
    Running running{place.command({"sh", "-c",
                                   "for s in HUP INT QUIT USR1 USR2 WINCH; do trap \"echo got $s >&2\" $s; done; "
                                   "trap 'echo got TERM; exit 5' TERM; echo ready >&2; while :; do sleep 0.02; done"}),
                    place.variables()};
    REQUIRE(running.wait_for("ready\n"));
    for (const auto& [number, name] :
         {std::pair{SIGHUP, "HUP"}, std::pair{SIGINT, "INT"}, std::pair{SIGQUIT, "QUIT"}, std::pair{SIGUSR1, "USR1"},
          std::pair{SIGUSR2, "USR2"}, std::pair{SIGWINCH, "WINCH"}}) {
      running.signal(number);
      CHECK(running.wait_for(std::string{"got "} + name + "\n"));
    }
    running.signal(SIGTERM);

    const Ran ran = running.finish();
    CHECK(ran.code == 5);
    CHECK(ran.out == "got TERM\n");
    CHECK(place.is_clean());
  }

  TEST_CASE("a terminal's interrupt reaches a sandbox's program once") {
    const Place place;
    const Terminal terminal;
    Running running{place.command({"sh", "-c",
                                   "n=0; trap 'n=$((n+1)); echo got $n >&2' INT; trap 'kill $!; exit 0' TERM; "
                                   "sleep 1000 & echo ready >&2; while :; do wait; done"}),
                    place.variables(), [&] { terminal.take(); }};
    REQUIRE(running.wait_for("ready\n"));

    // One that came twice may be told once, but hardly five times.
    for (const char* count : {"1", "2", "3", "4", "5"}) {
      terminal.type('\x03');
      REQUIRE(running.wait_for(std::string{"got "} + count + "\n"));
    }
    running.signal(SIGTERM);

    const Ran ran = running.finish();
    CHECK(ran.code == 0);
    CHECK(!contains(ran.err, "got 6"));
  }

  TEST_CASE("a sandbox whose migration fails does not start its program") {
    const Place place;
    place.migrations.file("2_b/migration.sql", "CREATE TABLE a (id int)");
    const Ran ran = place.run({"echo", "started"});
    CHECK(ran.code == 65);
    CHECK(ran.out.empty());
    CHECK(contains(ran.err, "relation \"a\" already exists"));
    CHECK(place.is_clean());
  }

  TEST_CASE("two sandboxes at once have a server each") {
    const Place place;
    const Words program{"sh", "-c",
                        "trap 'psql -Atc \"INSERT INTO a VALUES (1) RETURNING (SELECT count(*) FROM a)\"; exit' "
                        "TERM; echo ready >&2; while :; do sleep 0.02; done"};
    Running one{place.command(program), place.variables()};
    Running two{place.command(program), place.variables()};
    REQUIRE(one.wait_for("ready\n"));
    REQUIRE(two.wait_for("ready\n"));
    CHECK(place.folders() == 2);

    one.signal(SIGTERM);
    CHECK(one.finish().out == "0\nINSERT 0 1\n");
    CHECK(place.folders() == 1);
    two.signal(SIGTERM);
    CHECK(two.finish().out == "0\nINSERT 0 1\n");
    CHECK(place.is_clean());
  }

  TEST_CASE("a sandbox listens on the port that it is told, or refuses one that is taken") {
    const Place place;
    const std::string taken = server().at("SERVER_PORT");
    const Ran refused = place.run({"echo", "started"}, {"--port", taken});
    CHECK(refused.code == 78);
    CHECK(refused.out.empty());
    CHECK(refused.err == "schemagate: port " + taken +
                             " cannot be listened on: Address already in use\n  where  127.0.0.1:" + taken +
                             "\n  state  the database was not contacted; the program was not started\n"
                             "  next   name another port, or leave out --port: a free one is taken then\n");

    const std::string port = Port{}.text();
    CHECK(place.run({"sh", "-c", "echo $PGPORT"}, {"--port", port}).out == port + "\n");
    CHECK(place.is_clean());
  }

  TEST_CASE("a sandbox without PostgreSQL's programs says where it looked") {
    const Place place;
    const Ran ran = place.run({"echo", "started"}, {"--pg-bin", place.fake.path()});
    CHECK(ran.code == 78);
    CHECK(ran.err ==
          "schemagate: a throw-away PostgreSQL needs initdb and postgres, and they were not found\n"
          "  where  --pg-bin " +
              place.fake.path() +
              "\n  state  the database was not contacted; the program was not started\n"
              "  next   apt-get install postgresql, or name the folder that holds them: --pg-bin "
              "(SCHEMAGATE_PG_BIN);\n"
              "         in a Dockerfile, do this in a stage FROM postgres\n");
    CHECK(place.is_clean());
  }

  TEST_CASE("a sandbox whose server does not start shows the last words of initdb or postgres") {
    const Place place;
    const std::string rest =
        "\n  state  the database was not contacted; the program was not started\n"
        "  next   the lines above are its own words; to take another PostgreSQL, name the folder of its programs: "
        "--pg-bin (SCHEMAGATE_PG_BIN)\n";
    const std::string folder = place.programs("exit 0", "echo a hint; echo 'FATAL:  no' >&2; exit 3");
    const Ran server = place.run({"echo", "started"}, {"--pg-bin", folder});
    CHECK(server.code == 69);
    CHECK(server.err ==
          "schemagate: the throw-away PostgreSQL did not start: postgres ended with exit code 3\n"
          "  a hint\n  FATAL:  no\n  where  " +
              folder + rest);

    const Place other;
    const std::string broken =
        other.programs("case $* in *C.UTF-8*) exit 1;; esac; echo no room; kill -ABRT $$", "exit 0");
    const Ran initdb = other.run({"echo", "started"}, {"--pg-bin", broken});
    CHECK(initdb.code == 69);
    CHECK(initdb.err ==
          "schemagate: the throw-away PostgreSQL did not start: initdb was killed by SIGABRT\n  no room\n  where  " +
              broken + rest);
    CHECK(other.is_clean());
  }

  TEST_CASE("a sandbox as root needs somebody else to run the server as") {
    const Place place;
    const Ran ran = run(with_own_etc("true", place.command({"echo", "started"}, {"--pg-bin", place.programs("", "")})),
                        place.variables());
    CHECK(ran.code == 78);
    CHECK(ran.err ==
          "schemagate: PostgreSQL does not run as root, and there is no user postgres or nobody to run it as\n"
          "  where  /etc/passwd\n  state  the database was not contacted; the program was not started\n"
          "  next   start schemagate as another user, or add one:  useradd --system postgres\n");
    CHECK(place.is_clean());
  }

  TEST_CASE("a signal during initdb leaves nothing behind") {
    const Place place;
    Running running{place.command({"echo", "started"}, {"--pg-bin", place.programs("exec sleep 1000", "")}),
                    place.variables()};
    REQUIRE(eventually([&] { return !place.processes("sleep").empty(); }));
    running.signal(SIGTERM);

    const Ran ran = running.finish();
    CHECK(ran.code == 143);
    CHECK(ran.err ==
          "schemagate: stopped by SIGTERM\n  state  no migration was running; the program was not started\n"
          "  next   start again\n");
    CHECK(ran.out.empty());
    CHECK(place.is_clean());
  }

  TEST_CASE("a sandbox that is killed leaves neither server nor program nor folder") {
    const Place place;
    Running running{place.command(standing(place)), place.variables()};
    REQUIRE(running.wait_for("standing\n"));
    CHECK(place.processes("postgres").size() > 3);
    REQUIRE(eventually([&] { return place.processes("sleep").size() == 1; }));

    running.signal(SIGKILL);
    CHECK(running.finish().code == 137);
    CHECK(is_nothing_left(place));
  }

  TEST_CASE("a sandbox that is killed during initdb leaves nothing behind") {
    const Place place;
    Running running{place.command({"echo", "started"}, {"--pg-bin", place.programs("sleep 1000", "")}),
                    place.variables()};
    REQUIRE(eventually([&] { return !place.processes("sleep").empty(); }));
    running.signal(SIGKILL);
    CHECK(running.finish().code == 137);
    CHECK(is_nothing_left(place));
  }

  TEST_CASE("what a sandbox leaves that is killed with its keeper, the next one removes") {
    const Place place;
    Running running{place.command(standing(place)), place.variables()};
    REQUIRE(running.wait_for("standing\n"));
    const std::vector<pid_t> keepers = place.processes("schemagate-keep");
    REQUIRE(keepers.size() == 1);

    ::kill(keepers[0], SIGKILL);
    running.signal(SIGKILL);
    running.finish();
    CHECK(eventually([&] { return place.processes().empty(); }));
    CHECK(place.folders() == 1);

    CHECK(place.run({"true"}).code == 0);
    CHECK(place.is_clean());
  }

  TEST_CASE("a sandbox leaves the folders of others alone") {
    const Place place;
    place.temporary.file("schemagate-pg.file", "");
    place.temporary.file("elsewhere/data/PG_VERSION", "15\n");
    fs::create_symlink(place.temporary.path() + "/elsewhere", place.temporary.path() + "/schemagate-pg.link");
    fs::create_directory(place.temporary.path() + "/schemagate-pg.fresh");
    place.temporary.file("schemagate-pg.old/data/PG_VERSION", "15\n");

    CHECK(place.run({"true"}).code == 0);

    CHECK(place.folders() == 4);
    CHECK(!fs::exists(place.temporary.path() + "/schemagate-pg.old"));
    CHECK(content(place.temporary.path() + "/elsewhere/data/PG_VERSION") == "15\n");
  }

  TEST_CASE("no secret is in the command line or the environment of a sandbox's server") {
    const Place place;
    Running running{
        place.command(
            {"sh", "-c", "cd " + place.temporary.path() + " && echo password=$PGPASSWORD >&2 && exec sleep 1000"}),
        place.variables({{"SCHEMAGATE_DATABASE_URL", "postgresql://u:production@192.0.2.1/p"}})};
    REQUIRE(running.wait_for("password="));
    const std::vector<pid_t> servers = place.processes("postgres");
    REQUIRE(servers.size() > 3);
    std::vector<std::string> shown;
    for (const pid_t pid : servers)
      for (const char* file : {"cmdline", "environ"})
        shown.push_back(content("/proc/" + std::to_string(pid) + "/" + file));
    running.signal(SIGTERM);
    const std::string text = running.finish().err;
    std::smatch password;
    REQUIRE(std::regex_search(text, password, std::regex{"password=([0-9a-f]{32})\n"}));

    for (const std::string& texts : shown) {
      CHECK(!contains(texts, password[1]));
      CHECK(!contains(texts, "production"));
    }
    CHECK(std::ranges::any_of(shown, [](const std::string& texts) { return contains(texts, "listen_addresses"); }));
  }

  TEST_CASE("a sandbox that is kept stays until it is removed by the command that it prints") {
    const Place place;
    const Ran ran = place.run({"true"}, {"--keep"});
    CHECK(ran.code == 0);
    std::smatch said;
    REQUIRE(std::regex_search(
        ran.err, said,
        std::regex{"schemagate: the server stays: (postgresql://\\S+)\n  remove it:  kill ([0-9]+)\n$"}));
    const Words ask{"psql", "-Atc", "SELECT count(*) FROM a", said[1]};
    CHECK(run(ask).out == "0\n");
    CHECK(place.run({"true"}).code == 0);
    CHECK(run(ask).out == "0\n");

    ::kill(std::stoi(said[2]), SIGTERM);
    CHECK(is_nothing_left(place));
  }

  TEST_CASE("an ordinary user has a sandbox too") {
    const Place place;
    ::chmod(place.migrations.path().c_str(), 0755);
    const auto ordinary = [] {
      if (::geteuid() != 0) return;
      constexpr uid_t nobody = 65534;
      if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(124);
    };
    Running running{place.command({"psql", "-Atc", "SELECT count(*) FROM a"}), place.variables(), ordinary};
    const Ran ran = running.finish();
    keep(ran);
    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(ran.out == "0\n");
    CHECK(place.is_clean());
  }
}
