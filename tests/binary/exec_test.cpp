#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/namespace.hpp"
#include "support/process.hpp"

using namespace support;

namespace {

using Words = std::vector<std::string>;

constexpr const char* not_contacted = "\n  state  the database was not contacted; the program was not started\n";

/// Something to say on stderr while migrating.
const std::string notices = "DO $$BEGIN FOR i IN 1..100 LOOP RAISE NOTICE 'n%', i; END LOOP; END$$";

/// A database that has what its folder ships: a start goes straight to exec.
struct Migrated {
  Database database;
  Folder folder;
  Variables variables{{"SCHEMAGATE_DATABASE_URL", database.url()}};

  Migrated() {
    folder.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(schemagate({"apply", "--migrations", folder.path()}, variables).code == 0);
  }

  [[nodiscard]] Words gated(const Words& program) const {
    Words words{binary(), "--migrations", folder.path(), "--"};
    words.insert(words.end(), program.begin(), program.end());
    return words;
  }
  [[nodiscard]] Ran start(const Words& program) const {
    Ran ran = run(gated(program), variables);
    keep(ran);
    return ran;
  }
};

/// Nothing listens on port 1: a start that went as far as connecting would say so, and wait.
Ran without_server(const Words& program, const std::string& path = "/usr/bin:/bin") {
  Words words{"--migrations", "/nonexistent", "--"};
  words.insert(words.end(), program.begin(), program.end());
  return schemagate(words, {{"DATABASE_URL", "postgresql://nobody:word@127.0.0.1:1/none"}, {"PATH", path}});
}

/// A parent that leaves as much as it can to its children.
void leave_traces() {
  for (const int number : {SIGHUP, SIGINT, SIGPIPE}) ::signal(number, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
  ::close_range(3, ~0U, 0);
  ::dup2(STDIN_FILENO, 7);
  ::umask(027);
  const rlimit files{200, 300};
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (::chdir("/usr/lib") != 0) ::_exit(1);
}

/// One that is blocked, so it waits for the program.
void leave_a_signal() {
  leave_traces();
  ::raise(SIGUSR1);
}

/// /proc/PID/status but for what differs between any two processes.
std::string lasting(const std::string& status) {
  const auto differs = [](const std::string& line) {
    return std::ranges::any_of(std::array{"Pid:", "PPid:", "Tgid:", "Ngid:", "NStgid:", "NSpid:", "NSpgid:", "NSsid:",
                                          "Vm", "Rss", "Hugetlb", "voluntary", "nonvoluntary", "SigQ:"},
                               [&line](const char* start) { return line.starts_with(start); });
  };
  std::istringstream stream{status};
  std::string kept;
  for (std::string line; std::getline(stream, line);)
    if (!differs(line)) kept += line + "\n";
  return kept;
}

/// What the program finds, started directly and behind the gate.
struct Both {
  std::string direct;
  std::string gated;
};

Both both(const Migrated& migrated, const Words& program, const std::function<void()>& prepare,
          const Words& before = {}) {
  const auto output = [&](Words command) {
    command.insert(command.begin(), before.begin(), before.end());
    const Ran ran = Running{command, migrated.variables, prepare}.finish();
    CHECK(ran.code == 0);
    return ran.out;
  };
  return {output(program), output(migrated.gated(program))};
}

std::string script(const Folder& folder, const std::string& name, const std::string& content, int mode) {
  std::string file = folder.file(name, content);
  ::chmod(file.c_str(), static_cast<mode_t>(mode));
  return file;
}

std::string bytes_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// A copy of /bin/true that asks for a dynamic loader which no system has.
std::string with_other_loader(const Folder& folder) {
  std::string bytes = bytes_of("/bin/true");
  const std::size_t at = bytes.find("/ld-linux");
  REQUIRE(at != std::string::npos);
  bytes.replace(at, 9, "/no-linux");
  return script(folder, "true", bytes, 0755);
}

/// Environments that a map cannot hold: duplicates, and no `=`.
Ran with_environment(const Words& command, const Words& environment) {
  const auto pointers = [](const Words& words) {
    std::vector<char*> result;
    for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
    result.push_back(nullptr);
    return result;
  };
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> variables = pointers(environment);
  return Running{command, {}, [&] { ::execve(arguments[0], arguments.data(), variables.data()); }}.finish();
}

Words entries(const std::string& block) {
  Words found;
  std::istringstream stream{block};
  for (std::string entry; std::getline(stream, entry, '\0');) found.push_back(entry);
  return found;
}

}  // namespace

TEST_SUITE("exec") {
  TEST_CASE("a missing program is found out before the database is touched") {
    const Ran by_path = without_server({"/app/server"});
    const Ran by_name = without_server({"no-such-server"});
    const Ran empty = without_server({""});

    CHECK(by_path.code == 127);
    CHECK(by_path.err == std::string{"schemagate: the program /app/server does not exist\n  where  /app/server"} +
                             not_contacted +
                             "  next   correct CMD in the Dockerfile (or args in the orchestrator), or add the program "
                             "to the image\n");
    CHECK(by_name.code == 127);
    CHECK(by_name.err == std::string{"schemagate: the program no-such-server does not exist\n"
                                     "  where  PATH=/usr/bin:/bin"} +
                             not_contacted +
                             "  next   correct CMD in the Dockerfile (or args in the orchestrator), or add the program "
                             "to the image\n");
    CHECK(empty.code == 127);
  }

  TEST_CASE("a file that may not be executed is found out before the database is touched") {
    const Folder folder;
    const std::string file = script(folder, "server", "#!/bin/sh\n", 0644);

    const Ran ran = without_server({file});
    const Ran by_name = without_server({"server"}, folder.path());

    CHECK(ran.code == 126);
    CHECK(ran.err == "schemagate: the program " + file + " cannot be executed: Permission denied\n  where  " + file +
                         not_contacted + "  next   chmod +x " + file + ", or name another program in CMD\n");
    CHECK(by_name.code == 126);
    CHECK(by_name.err == ran.err);
  }

  TEST_CASE("a folder is no program") {
    const Ran ran = without_server({"/usr/lib"});

    CHECK(ran.code == 126);
    CHECK(ran.err == std::string{"schemagate: the program /usr/lib cannot be executed: it is a folder\n"
                                 "  where  /usr/lib"} +
                         not_contacted + "  next   chmod +x /usr/lib, or name another program in CMD\n");
  }

  TEST_CASE("a script whose interpreter is missing or unusable is found out before the database is touched") {
    const Folder folder;
    const std::string missing = script(folder, "missing", "#! /usr/bin/no-such-node --x\n", 0755);
    const std::string windows = script(folder, "windows", "#!/bin/sh\r\nexit 0\r\n", 0755);
    const std::string plain = script(folder, "plain", "#!/etc/passwd\n", 0755);

    const Ran no_interpreter = without_server({missing});
    const Ran carriage_return = without_server({windows});
    const Ran not_executable = without_server({plain});

    CHECK(no_interpreter.code == 127);
    CHECK(no_interpreter.err == "schemagate: the program " + missing +
                                    " needs the interpreter /usr/bin/no-such-node, which does not exist\n  where  " +
                                    missing + ":1" + not_contacted +
                                    "  next   correct its first line, or add the interpreter to the image\n");
    CHECK(carriage_return.code == 127);
    CHECK(carriage_return.err == "schemagate: the program " + windows +
                                     " needs the interpreter /bin/sh followed by a carriage return\n  where  " +
                                     windows + ":1" + not_contacted + "  next   save the script with LF line ends\n");
    CHECK(not_executable.code == 126);
    CHECK(not_executable.err == "schemagate: the program " + plain +
                                    " cannot be executed: its interpreter /etc/passwd is not executable\n  where  " +
                                    plain + not_contacted +
                                    "  next   chmod +x /etc/passwd, or name another program in CMD\n");
  }

  TEST_CASE("a program whose dynamic loader is missing is found out before the database is touched") {
    const Folder folder;
    const std::string file = with_other_loader(folder);

    const Ran ran = without_server({file});

    CHECK(ran.code == 127);
    CHECK(ran.err.starts_with("schemagate: the program " + file + " needs the dynamic loader /lib"));
    CHECK(ran.err.ends_with(
        ", which does not exist\n  where  " + file + not_contacted +
        "  next   it was built for another system (glibc where the image has musl, or the reverse): build it for this "
        "one\n"));
  }

  TEST_CASE("a program for another machine is refused, not given to the shell") {
    const Migrated migrated;
    std::string bytes = bytes_of("/bin/true");
    bytes[18] = '\x2b';  // e_machine: SPARC
    const std::string file = script(migrated.folder, "true", bytes, 0755);

    const Ran ran = migrated.start({file});

    CHECK(ran.code == 126);
    CHECK(ran.err == "schemagate: up to date: 1 migration applied; starting " + file + "\nschemagate: the program " +
                         file + " cannot be executed: Exec format error\n  where  " + file +
                         "\n  state  the database is what this image expects; the program was not started\n  next   "
                         "check the file's format and architecture: file " +
                         file + "\n");
  }

  TEST_CASE("where the database was not looked at, nothing is said of it") {
    const Folder folder;
    std::string bytes = bytes_of("/bin/true");
    bytes[18] = '\x2b';
    const std::string file = script(folder, "true", bytes, 0755);

    const Ran ran = schemagate({"--", file}, {{"SCHEMAGATE_SKIP", "1"}});

    CHECK(ran.code == 126);
    CHECK(ran.err == "schemagate: warning: SCHEMAGATE_SKIP is set: starting " + file +
                         " without looking at the database\nschemagate: the program " + file +
                         " cannot be executed: Exec format error\n  where  " + file + not_contacted +
                         "  next   check the file's format and architecture: file " + file + "\n");
  }

  TEST_CASE("a script without an interpreter line is run by the shell, as tini and every shell do") {
    const Migrated migrated;
    const std::string file = script(migrated.folder, "server", "echo run by sh: \"$1\"\n", 0755);

    const Ran ran = migrated.start({file, "x"});

    CHECK(ran.code == 0);
    CHECK(ran.out == "run by sh: x\n");
  }

  TEST_CASE("no program and an unknown word are usage errors") {
    const Variables variables{{"DATABASE_URL", "postgresql://nobody:word@127.0.0.1:1/none"}};

    const Ran lost_cmd = schemagate({"--"}, variables);
    const Ran nothing = schemagate({}, variables);
    const Ran word = schemagate({"node", "server.js"}, variables);

    CHECK(lost_cmd.code == 64);
    CHECK(lost_cmd.err == std::string{"schemagate: no program after --: the image has no CMD (an ENTRYPOINT in a "
                                      "Dockerfile resets the CMD of its base image)\n  where  command line"} +
                              not_contacted + "  next   schemagate --help\n");
    CHECK(nothing.code == 64);
    CHECK(word.code == 64);
  }

  TEST_CASE("after -- a word is a program, even one that names a command or an option") {
    const Folder folder;
    script(folder, "apply", "#!/bin/sh\necho the program apply \"$@\"\n", 0755);
    const Variables variables{{"PATH", folder.path()}, {"SCHEMAGATE_SKIP", "1"}};

    const Ran ran = schemagate({"--", "apply", "--help", "--", "-h"}, variables);
    const Ran option = without_server({"--version"});

    CHECK(ran.code == 0);
    CHECK(ran.out == "the program apply --help -- -h\n");
    CHECK(option.code == 127);
  }

  TEST_CASE("arguments reach the program byte for byte") {
    const Migrated migrated;
    const Words odd{"", "a b", "\xff\xc3", "--", "*", "$HOME", "line\nend", "--migrations"};
    Words command{"sh", "-c", "cat /proc/$$/cmdline; :"};
    command.insert(command.end(), odd.begin(), odd.end());

    const Ran ran = migrated.start(command);

    CHECK(entries(ran.out) == command);
  }

  TEST_CASE("the program's exit code passes") {
    const Migrated migrated;

    for (const int code : {0, 1, 2, 64, 76, 126, 127, 128, 143, 255}) {
      CAPTURE(code);
      CHECK(migrated.start({"sh", "-c", "exit " + std::to_string(code)}).code == code);
    }
    CHECK(migrated.start({"sh", "-c", "kill -KILL $$"}).code == 137);
  }

  TEST_CASE("the program has our pid, no children and no timers") {
    const Migrated migrated;

    Running running{migrated.gated({"sh", "-c", "echo $$"}), migrated.variables};
    const std::string pid = std::to_string(running.pid());
    const Ran children = migrated.start({"cat", "/proc/thread-self/children", "/proc/self/timers"});
    const Ran alarm = migrated.start({"perl", "-e", "print alarm 0; print wait"});

    CHECK(running.finish().out == pid + "\n");
    CHECK(children.code == 0);
    CHECK(children.out.empty());
    CHECK(alarm.out == "0-1");
  }

  TEST_CASE("the program finds the process as our parent left it") {
    const Migrated migrated;

    const Both status = both(migrated, {"cat", "/proc/self/status"}, leave_a_signal);
    const Both limits = both(migrated, {"cat", "/proc/self/limits"}, leave_traces);
    const Both descriptors = both(migrated, {"sh", "-c", "ls /proc/$$/fd; pwd -P"}, leave_traces);

    CHECK(lasting(status.gated) == lasting(status.direct));
    CHECK(status.gated.find("Umask:\t0027") != std::string::npos);
    CHECK(status.gated.find("SigPnd:\t0000000000000200") != std::string::npos);
    CHECK(status.gated.find("SigBlk:\t0000000000004200") != std::string::npos);
    CHECK(status.gated.find("SigIgn:\t0000000000001003") != std::string::npos);
    CHECK(status.gated.find("SigCgt:\t0000000000000000") != std::string::npos);
    CHECK(limits.gated == limits.direct);
    CHECK(descriptors.gated == descriptors.direct);
    CHECK(descriptors.gated == "0\n1\n2\n7\n/usr/lib\n");
  }

  TEST_CASE("as PID 1 of a container too, the program finds what it would have found") {
    const Migrated migrated;

    const Both status = both(migrated, {"cat", "/proc/self/status"}, leave_traces, as_first_process());
    const Both descriptors = both(migrated, {"sh", "-c", "echo $$; ls /proc/$$/fd"}, leave_traces, as_first_process());

    CHECK(lasting(status.gated) == lasting(status.direct));
    CHECK(descriptors.gated == descriptors.direct);
    CHECK(descriptors.gated == "1\n0\n1\n2\n7\n");
  }

  TEST_CASE("the environment is the one we were given, without our own secrets, order and duplicates kept") {
    const Migrated migrated;
    const std::string url = migrated.database.url();
    const Words given{"B=1",
                      "SCHEMAGATE_DATABASE_URL=" + url,
                      "A=",
                      "B=2",
                      "no-equals",
                      "DATABASE_URL=" + url,
                      "SCHEMAGATE_DATABASE_URL_FILE=",
                      "SCHEMAGATE_WAIT=30s",
                      "SCHEMAGATE_DATABASE_URL=again",
                      "\xff=\xfe"};

    const Ran ran = with_environment(migrated.gated({"/bin/cat", "/proc/self/environ"}), given);

    CHECK(ran.code == 0);
    CHECK(entries(ran.out) ==
          Words{"B=1", "A=", "B=2", "no-equals", "DATABASE_URL=" + url, "SCHEMAGATE_WAIT=30s", "\xff=\xfe"});
  }

  TEST_CASE("a skipped gate does not hand out our secrets either") {
    const Words given{"SCHEMAGATE_SKIP=1", "SCHEMAGATE_DATABASE_URL=postgresql://owner:word@db/app",
                      "SCHEMAGATE_DATABASE_URL_COMMAND=false", "A=1"};

    const Ran ran = with_environment({binary(), "--", "/bin/cat", "/proc/self/environ"}, given);

    CHECK(ran.code == 0);
    CHECK(entries(ran.out) == Words{"SCHEMAGATE_SKIP=1", "A=1"});
    CHECK(ran.err ==
          "schemagate: warning: SCHEMAGATE_SKIP is set: starting /bin/cat without looking at the database\n");
  }

  TEST_CASE("a closed stdin, stdout and stderr stay closed, and none becomes the connection to the server") {
    const Database database;
    Folder folder;
    folder.migration("1_a", "CREATE TABLE a (id int); " + notices);
    const Words program{"perl", "-e", "opendir D, '/proc/self/fd'; @f = readdir D; open F, '>', shift; print F \"@f\"",
                        folder.path() + "/found"};
    Words gated{binary(), "--migrations", folder.path(), "--"};
    gated.insert(gated.end(), program.begin(), program.end());
    const auto found = [&](const Words& command) {
      const Variables variables{{"SCHEMAGATE_DATABASE_URL", database.url()}};
      CHECK(Running{command, variables, [] { ::close_range(0, ~0U, 0); }}.finish().code == 0);
      return bytes_of(program.back());
    };

    CHECK(found(gated) == found(program));
    CHECK(database.history() == Words{"1_a|t|f|1|"});
  }

  TEST_CASE("a reader of stderr that went away does not kill a migration") {
    const Database database;
    Folder folder;
    folder.migration("1_a", "CREATE TABLE a (id int); " + notices);
    const auto break_pipe = [] {
      std::array<int, 2> ends{};
      if (::pipe(ends.data()) != 0) return;
      ::dup2(ends[1], STDERR_FILENO);
      for (const int end : ends) ::close(end);
    };

    const Ran ran = Running{{binary(), "--migrations", folder.path(), "--", "echo", "started"},
                            {{"SCHEMAGATE_DATABASE_URL", database.url()}},
                            break_pipe}
                        .finish();

    CHECK(ran.code == 0);
    CHECK(ran.out == "started\n");
    CHECK(database.history() == Words{"1_a|t|f|1|"});
  }
}
