#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/namespace.hpp"
#include "support/process.hpp"
#include "support/start.hpp"

using namespace support;

namespace {

using Words = std::vector<std::string>;

constexpr const char* own = "SCHEMAGATE_DATABASE_URL";
constexpr const char* own_file = "SCHEMAGATE_DATABASE_URL_FILE";
constexpr const char* own_command = "SCHEMAGATE_DATABASE_URL_COMMAND";
constexpr const char* not_contacted = "\n  state  the database was not contacted; the program was not started\n";

using Gate = Start;

/// What is refused before anything is contacted.
void check_refused(const Ran& ran, const std::string& what, const std::string& where, const std::string& next) {
  CHECK(ran.code == 78);
  CHECK(ran.err == "schemagate: " + what + "\n  where  " + where + not_contacted + "  next   " + next + "\n");
}

bool until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  for (; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(std::chrono::milliseconds{2}))
    if (condition()) return true;
  return false;
}

std::string bytes_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// `file` holds the pid of what a command left behind. A zombie waits for PID 1 and is dead.
bool is_alive(const std::string& file) {
  const std::string pid = std::to_string(std::stoi(bytes_of(file)));
  const std::string status = bytes_of("/proc/" + pid + "/stat");
  return !status.empty() && status.find(") Z") == std::string::npos;
}

/// A port where nothing is: a start waits for it until it is told to stop.
constexpr const char* unreachable = "postgresql://owner:t0p-secret@127.0.0.1:1/app";

}  // namespace

TEST_SUITE("secret") {
  TEST_CASE("a file holds the URL, with or without the line end that editors add") {
    const Gate gate;

    for (const std::string end : {"", "\n", "\r\n"}) {
      const std::string file = gate.folder.file("url", gate.database.url() + end);

      CHECK(gate.accepts({{own_file, file}}));
      CHECK(gate.accepts({{"DATABASE_URL_FILE", file}}));
    }
  }

  TEST_CASE("a file that is missing, a folder or empty is refused in its own words") {
    const Gate gate;
    const std::string folder = gate.folder.path();
    const std::string next = "mount the secret there, readable by uid " + std::to_string(::geteuid());

    check_refused(gate.start({{own_file, "/nonexistent/url"}}),
                  "the file that SCHEMAGATE_DATABASE_URL_FILE names cannot be read: No such file or directory",
                  "/nonexistent/url", next);
    check_refused(gate.start({{"DATABASE_URL_FILE", folder}}),
                  "the file that DATABASE_URL_FILE names cannot be read: Is a directory", folder, next);
    check_refused(gate.start({{own_file, gate.folder.file("url", "\n")}}),
                  "the file that SCHEMAGATE_DATABASE_URL_FILE names is empty", folder + "/url",
                  "write the URL into it");
  }

  TEST_CASE("a file that may not be read is refused, naming who may not") {
    const Gate gate;
    const std::string file = gate.folder.file("url", gate.database.url());
    ::chmod(file.c_str(), 0);
    // Root may read everything.
    const auto as_nobody = [] {
      if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(1);
    };
    ::chmod(gate.folder.path().c_str(), 0755);
    Running running{
        {binary(), "--migrations", gate.folder.path(), "--allow-empty", "--", "true"}, {{own_file, file}}, as_nobody};

    const Ran ran = running.finish();

    keep(ran);
    check_refused(ran, "the file that SCHEMAGATE_DATABASE_URL_FILE names cannot be read: Permission denied", file,
                  "mount the secret there, readable by uid " + std::to_string(::geteuid() == 0 ? 65534 : ::geteuid()));
  }

  TEST_CASE("a command prints the URL on stdout, its stderr is shown, and its leftovers are ended") {
    const Gate gate;
    const std::string file = gate.folder.file("url", gate.database.url() + "\n");

    const Ran ran = gate.start({{own_command, "echo fetching >&2; cat " + file + "; sleep 99 >&- 2>&- & echo $! >" +
                                                  gate.folder.path() + "/pid"}},
                               {"perl", "-e", "print wait"});

    CHECK(ran.code == 0);
    CHECK(ran.err == "fetching\nschemagate: up to date: 0 migrations applied; starting perl\n");
    CHECK(ran.out == "-1");
    CHECK(until([&] { return !is_alive(gate.folder.path() + "/pid"); }));
  }

  TEST_CASE("a command works where our parent ignores the end of children, and the program finds that unchanged") {
    const Gate gate;
    const std::string file = gate.folder.file("url", gate.database.url());
    Running running{
        {binary(), "--migrations", gate.folder.path(), "--allow-empty", "--", "grep", "SigIgn", "/proc/self/status"},
        {{own_command, "cat " + file}},
        [] { ::signal(SIGCHLD, SIG_IGN); }};

    const Ran ran = running.finish();

    CHECK(ran.code == 0);
    CHECK(ran.out == "SigIgn:\t0000000000010000\n");
  }

  TEST_CASE("a command that fails, is killed or is silent is refused") {
    const Gate gate;

    const Ran failed = gate.start({{own_command, "echo no access >&2; exit 3"}});
    const Ran killed = gate.start({{own_command, "kill -TERM $$"}});
    const Ran silent = gate.start({{own_command, "true"}});
    const Ran missing = gate.start({{own_command, "no-such-command"}});

    CHECK(failed.code == 78);
    CHECK(failed.err == std::string{"no access\nschemagate: the command in SCHEMAGATE_DATABASE_URL_COMMAND failed with "
                                    "exit code 3\n  where  SCHEMAGATE_DATABASE_URL_COMMAND"} +
                            not_contacted + "  next   its own words are above; run it by hand in the image\n");
    check_refused(killed, "the command in SCHEMAGATE_DATABASE_URL_COMMAND was killed by SIGTERM", own_command,
                  "its own words are above; run it by hand in the image");
    check_refused(silent, "the command in SCHEMAGATE_DATABASE_URL_COMMAND printed nothing", own_command,
                  "it must print the URL on stdout");
    CHECK(missing.code == 78);
    CHECK(missing.err.find("no-such-command: not found\n") != std::string::npos);
    CHECK(missing.err.find("failed with exit code 127\n") != std::string::npos);
  }

  TEST_CASE("a command that is too slow is killed with all that it started") {
    const Gate gate;
    const std::string pid = gate.folder.path() + "/pid";

    for (const char* end : {"; wait", "; exec >&-; sleep 99"}) {
      CAPTURE(end);
      const Ran ran = gate.start({{own_command, "sleep 99 & echo $! >" + pid + end}}, {"true"}, {"--wait", "300ms"});

      check_refused(ran, "the command in SCHEMAGATE_DATABASE_URL_COMMAND printed no URL within 300 ms", own_command,
                    "run it by hand; to give it longer, raise --wait (SCHEMAGATE_WAIT)");
      CHECK(until([&] { return !is_alive(pid); }));
    }
  }

  TEST_CASE("a signal ends a start that waits for its command, and the command") {
    const Gate gate;
    const std::string pid = gate.folder.path() + "/pid";
    Running running{{binary(), "--migrations", gate.folder.path(), "--allow-empty", "--", "true"},
                    {{own_command, "echo $$ >" + pid + "; echo started >&2; exec sleep 99"}}};
    REQUIRE(running.wait_for("started\n"));

    running.signal(SIGTERM);

    CHECK(running.finish().code == 143);
    CHECK(until([&] { return !is_alive(pid); }));
  }

  TEST_CASE("a command needs a shell, and an image without one is told so") {
    const Gate gate;
    // /bin/sh is covered in a mount namespace of its own; the one that runs us is already open.
    Words command = in_namespace({}, "mount --bind /dev/null /bin/sh");
    for (const std::string& word : {binary(), std::string{"--migrations"}, gate.folder.path(),
                                    std::string{"--allow-empty"}, std::string{"--"}, std::string{"true"}})
      command.push_back(word);

    check_refused(run(command, {{own_command, "echo"}}),
                  "SCHEMAGATE_DATABASE_URL_COMMAND needs /bin/sh, which the image does not have", own_command,
                  "give the URL by SCHEMAGATE_DATABASE_URL or SCHEMAGATE_DATABASE_URL_FILE");
  }

  TEST_CASE("two of a kind are refused, and nothing of either is shown") {
    const Gate gate;

    check_refused(gate.start({{own, unreachable}, {own_file, "/run/secrets/url"}}),
                  "SCHEMAGATE_DATABASE_URL and SCHEMAGATE_DATABASE_URL_FILE are set, and only one can be meant",
                  "SCHEMAGATE_DATABASE_URL, SCHEMAGATE_DATABASE_URL_FILE", "remove all but one");
    check_refused(gate.start({{own_file, "/run/secrets/url"}, {own_command, "true"}}),
                  "SCHEMAGATE_DATABASE_URL_FILE and SCHEMAGATE_DATABASE_URL_COMMAND are set, and only one can be meant",
                  "SCHEMAGATE_DATABASE_URL_FILE, SCHEMAGATE_DATABASE_URL_COMMAND", "remove all but one");
    check_refused(gate.start({{"DATABASE_URL", unreachable}, {"DATABASE_URL_FILE", "/run/secrets/url"}}),
                  "DATABASE_URL and DATABASE_URL_FILE are set, and only one can be meant",
                  "DATABASE_URL, DATABASE_URL_FILE", "remove all but one");
  }

  TEST_CASE("no URL at all is refused, an empty variable is none") {
    const Gate gate;

    for (const Variables& variables : {Variables{}, Variables{{own, ""}, {"DATABASE_URL", ""}}})
      check_refused(gate.start(variables), "no database is named", "environment",
                    "set SCHEMAGATE_DATABASE_URL (or …_FILE, or …_COMMAND), or DATABASE_URL:\n"
                    "           postgresql://USER:PASSWORD@HOST:5432/DATABASE");
  }

  TEST_CASE("our own URL wins over the program's, in every form") {
    const Gate gate;
    const std::string file = gate.folder.file("url", gate.database.url());
    const std::string url = gate.database.url();

    CHECK(gate.accepts({{own, url}, {"DATABASE_URL", unreachable}}));
    CHECK(gate.accepts({{own_file, file}, {"DATABASE_URL", unreachable}}));
    CHECK(gate.accepts({{own_command, "cat " + file}, {"DATABASE_URL_FILE", "/nonexistent"}}));
    CHECK(gate.accepts({{own, ""}, {"DATABASE_URL", url}}));
  }

  TEST_CASE("what only begins as libpq's variables do is the program's") {
    const Gate gate;

    CHECK(gate.accepts({{own, gate.database.url()},
                        {"PG_URL", unreachable},
                        {"PGBOUNCER_URL", unreachable},
                        {"PG_PORT", "tcp://10.0.0.1:5432"}}));
  }

  TEST_CASE("PG variables stand alone") {
    const Gate gate;

    CHECK(gate.accepts({{"PGHOST", "127.0.0.1"},
                        {"PGPORT", server().at("SERVER_PORT")},
                        {"PGUSER", "postgres"},
                        {"PGPASSWORD", server().at("SERVER_PASSWORD")},
                        {"PGDATABASE", gate.database.name()}}));
  }

  TEST_CASE("the program gets DATABASE_URL untouched, and nothing of ours") {
    const Gate gate;
    const std::string file = gate.folder.file("url", gate.database.url());

    const Ran shared =
        gate.start({{"DATABASE_URL", gate.database.url()}, {"PATH", "/bin"}}, {"cat", "/proc/self/environ"});
    const Ran both =
        gate.start({{own_command, "cat " + file}, {"DATABASE_URL", "mysql://the program's"}, {"PATH", "/bin"}},
                   {"sh", "-c", "env | grep DATABASE"});

    CHECK(shared.out.find(std::string{"DATABASE_URL="} + gate.database.url() + '\0') != std::string::npos);
    CHECK(both.out == "DATABASE_URL=mysql://the program's\n");
  }

  TEST_CASE("while we wait for the database the URL is in nobody's sight") {
    const Folder folder;
    Running running{{binary(), "--migrations", folder.path(), "--allow-empty", "--", "true"},
                    {{own, unreachable}, {"PGPASSWORD_OF", "another program"}}};
    REQUIRE(running.wait_for("waiting for owner@127.0.0.1:1/app"));
    const std::string process = "/proc/" + std::to_string(running.pid());

    const std::string environment = bytes_of(process + "/environ");
    const std::string command_line = bytes_of(process + "/cmdline");
    running.signal(SIGTERM);
    const Ran ran = running.finish();

    CHECK(environment.find("t0p-secret") == std::string::npos);
    CHECK(environment.find(own) == std::string::npos);
    CHECK(environment.find("PGPASSWORD_OF=another program") != std::string::npos);
    CHECK(command_line.find("t0p-secret") == std::string::npos);
    CHECK(ran.err.find("t0p-secret") == std::string::npos);
  }

  TEST_CASE("a malformed URL is never echoed") {
    const Gate gate;

    for (const char* url :
         {"postgresql://owner:t0p-secret@[::1/app", "postgresql://owner:t0p-secret@db:port/app",
          "owner:t0p-secret@db/app", "mysql://owner:t0p-secret@db/app", "\"postgresql://owner:t0p-secret@db/app\"",
          "postgresql://owner:t0p-secret%zz@db:99999/app?sslmode=t0p-secret", "password=t0p-secret x",
          "prisma://db/?api_key=t0p-secret"}) {
      CAPTURE(url);
      const Ran ran = gate.start({{own, url}});

      CHECK(ran.code == 78);
      CHECK(ran.err.starts_with("schemagate: the database URL cannot be used: "));
      CHECK(ran.err.find(std::string{"\n  where  SCHEMAGATE_DATABASE_URL or DATABASE_URL"} + not_contacted) !=
            std::string::npos);
      CHECK(ran.err.find("t0p-secret") == std::string::npos);
    }
  }

  TEST_CASE("a secret of more than one line is refused, wherever it comes from") {
    const Gate gate;
    const std::string lines = std::string{unreachable} + "\npostgresql://other:t0p-secret@127.0.0.1:1/app";
    const std::string next = "leave only the connection string; a line break in a password is written %0A in a URL";

    check_refused(gate.start({{own, lines}}),
                  "SCHEMAGATE_DATABASE_URL has more than one line, and a connection string has one", own, next);
    check_refused(gate.start({{"DATABASE_URL", "\n" + lines + "\n"}}),
                  "DATABASE_URL has more than one line, and a connection string has one", "DATABASE_URL", next);
    check_refused(
        gate.start({{own_file, gate.folder.file("url", lines)}}),
        "the file that SCHEMAGATE_DATABASE_URL_FILE names has more than one line, and a connection string has one",
        gate.folder.path() + "/url", next);
    check_refused(
        gate.start({{own_command, "echo warning: expires soon; echo " + std::string{unreachable}}}),
        "the command in SCHEMAGATE_DATABASE_URL_COMMAND printed more than one line, and a connection string has one",
        own_command, next);
    CHECK(gate.accepts({{own, gate.database.url() + "\n"}}));
  }

  TEST_CASE("what cannot be seen before or behind a URL is named") {
    const Gate gate;
    const Words letters{"\xef\xbb\xbf", "\xc2\xa0", "\xe2\x80\x8b", "\xe2\x80\x9c", "\xe2\x80\x98", "\xe2\x81\xa0"};
    const Words names{"a byte order mark (U+FEFF)",   "a no-break space (U+00A0)",    "a zero width space (U+200B)",
                      "a typographic quote (U+201C)", "a typographic quote (U+2018)", "a word joiner (U+2060)"};

    for (std::size_t i = 0; i < letters.size(); ++i) {
      check_refused(gate.start({{own_file, gate.folder.file("url", letters[i] + unreachable)}}),
                    "the database URL cannot be used: the connection string begins with " + names[i],
                    "SCHEMAGATE_DATABASE_URL or DATABASE_URL", "remove what stands before its first letter");
      check_refused(gate.start({{own, unreachable + letters[i]}}),
                    "the database URL cannot be used: the connection string ends with " + names[i],
                    "SCHEMAGATE_DATABASE_URL or DATABASE_URL", "remove what stands behind its last letter");
    }
    check_refused(gate.start({{own_file, gate.folder.file("url", std::string{"\xff\xfep\0o\0", 6})}}),
                  "the database URL cannot be used: the connection string begins with a byte order mark of UTF-16",
                  "SCHEMAGATE_DATABASE_URL or DATABASE_URL", "write it in UTF-8");
  }

  TEST_CASE("a connection string in the wrong place is refused and not told again") {
    const Gate gate;

    check_refused(gate.start({{own_file, unreachable}}),
                  "SCHEMAGATE_DATABASE_URL_FILE holds a connection string instead of a file's name", own_file,
                  "put it into SCHEMAGATE_DATABASE_URL, or write it into a file and name that");
    check_refused(gate.start({{own_command, unreachable}}),
                  "SCHEMAGATE_DATABASE_URL_COMMAND holds a connection string instead of a command", own_command,
                  "put it into SCHEMAGATE_DATABASE_URL");
    check_refused(
        gate.start({{"PGHOST", unreachable}}),
        "PGHOST cannot be used: the host holds what none has, so other parts of the connection string got into it",
        "PGHOST",
        "give it the host alone, or remove it; a connection string belongs into SCHEMAGATE_DATABASE_URL or "
        "DATABASE_URL");
    check_refused(gate.start({{own, gate.database.url()}, {"PGSSLROOTCERT", unreachable}}),
                  "PGSSLROOTCERT holds a connection string", "PGSSLROOTCERT",
                  "remove it; a connection string belongs into SCHEMAGATE_DATABASE_URL or DATABASE_URL");
    check_refused(gate.start({{own, gate.database.url()}, {"SCHEMAGATE_WAIT", unreachable}}),
                  "SCHEMAGATE_WAIT holds a connection string, which is not shown", "SCHEMAGATE_WAIT",
                  "put it into SCHEMAGATE_DATABASE_URL, and correct SCHEMAGATE_WAIT");
    check_refused(gate.start({{own, "postgresql://owner%3At0p-secret@127.0.0.1/app"}}),
                  "the database URL cannot be used: the user has a colon in it and there is no password",
                  "SCHEMAGATE_DATABASE_URL or DATABASE_URL",
                  "write the colon between user and password as it is, not as %3A");
    check_refused(gate.start({{own, "host=127.0.0.1;port=5432;username=app;password=t0p-secret"}}),
                  "the database URL cannot be used: the host holds what none has, so other parts of the connection "
                  "string got into it",
                  "SCHEMAGATE_DATABASE_URL or DATABASE_URL",
                  "separate key=value pairs by blanks, and write a value with a blank, a quote or a semicolon in it "
                  "'like this'; in a URL percent-encode the user and the password");
  }
}
