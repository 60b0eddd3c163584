#include "options.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "failure.hpp"

namespace schemagate {
namespace {

using Words = std::vector<std::string>;

CommandLine read(const Words& arguments) { return read_command_line(arguments); }

/// The report of a command line that is refused; empty when it is not.
Report refusal(const Words& arguments) {
  try {
    (void)read(arguments);
    return {};
  } catch (const Failure& failure) {
    return failure.report();
  }
}

/// What is wrong with a command line, as far as the rest of the report is that of a usage error.
std::string usage(const Words& arguments) {
  const Report report = refusal(arguments);
  const Report expected{.code = 64,
                        .what = report.what,
                        .where = "command line",
                        .state = "the database was not contacted; the program was not started",
                        .next = "schemagate --help"};
  return report == expected ? report.what : "another report";
}

std::string help(const Words& arguments) { return read(arguments).print.value_or(""); }

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Those of the parts that the text does not mention.
std::string missing(const std::string& text, const Words& parts) {
  std::string result;
  for (const std::string& part : parts) result += mentions(text, part) ? "" : part + "\n";
  return result;
}

/// `SCHEMAGATE_LOCK_WAIT` of `--lock-wait`.
std::string variable_of(const std::string& flag) {
  std::string name = "SCHEMAGATE_" + flag.substr(2);
  std::ranges::replace(name, '-', '_');
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

std::string neither(int place) {
  return "argument " + std::to_string(place) +
         " is neither a command nor an option (a program and its arguments stand behind --)";
}

std::string no_option(const std::string& flag) {
  return "the option " + flag + " does not exist, or not for this command";
}

TEST_SUITE("options") {
  TEST_CASE("without a command the gate is run") {
    const CommandLine line = read({"--", "server", "--port", "80"});

    CHECK(line.command == Command::run);
    CHECK(line.program == Words{"server", "--port", "80"});
    CHECK(line.flags.empty());
  }

  TEST_CASE("run may be said") {
    CHECK(read({"run", "--", "server"}).command == Command::run);
    CHECK(read({"run", "--", "server"}).program == Words{"server"});
  }

  TEST_CASE("each command has its word") {
    CHECK(read({"apply"}).command == Command::apply);
    CHECK(read({"verify"}).command == Command::verify);
    CHECK(read({"status"}).command == Command::status);
    CHECK(read({"resolve", "--applied", "1_a"}).command == Command::resolve);
    CHECK(read({"snapshot"}).command == Command::snapshot);
    CHECK(read({"diff"}).command == Command::diff);
    CHECK(read({"baseline"}).command == Command::baseline);
    CHECK(read({"sandbox", "--", "npm", "test"}).command == Command::sandbox);
    CHECK(read({"plan"}).command == Command::plan);
    CHECK(read({"plan", "--json"}).format == Format::json);
    CHECK(read({"plan", "--format", "markdown"}).format == Format::markdown);
  }

  TEST_CASE("what follows the first -- belongs to the program, whatever it looks like") {
    CHECK(read({"--", "--skip", "--", "--help"}).program == Words{"--skip", "--", "--help"});
    CHECK(read({"--", "postgresql://u:p@h/db", ""}).program == Words{"postgresql://u:p@h/db", ""});
    CHECK(read({"--", "apply"}).command == Command::run);
  }

  TEST_CASE("an image that lost its CMD is refused") {
    CHECK(usage({"--"}) ==
          "no program after --: the image has no CMD (an ENTRYPOINT in a Dockerfile resets the CMD of its base image)");
    CHECK(usage({"run", "--"}) == usage({"--"}));
  }

  TEST_CASE("no program at all is refused") {
    CHECK(usage({}) == "no program: write schemagate [options] -- PROGRAM [ARG...]");
    CHECK(usage({"run"}) == usage({}));
    CHECK(usage({"--skip"}) == usage({}));
  }

  TEST_CASE("a command that starts no program refuses one") {
    CHECK(usage({"apply", "--", "server"}) == "this command starts no program: leave out -- and what follows it");
    CHECK(usage({"verify", "--"}) == usage({"apply", "--", "server"}));
    CHECK(usage({"status", "--", "server"}) == usage({"apply", "--", "server"}));
  }

  TEST_CASE("a word that is not a command is refused") {
    CHECK(usage({"server"}) == neither(1));
    CHECK(usage({"deploy", "--", "server"}) == neither(1));
  }

  TEST_CASE("one command at a time") {
    CHECK(usage({"apply", "verify"}) == "verify is a second command, and there can be one");
    CHECK(usage({"run", "apply", "--", "server"}) == "apply is a second command, and there can be one");
  }
}

TEST_SUITE("options: settings") {
  TEST_CASE("a setting is given before or after the command, with a blank or an =") {
    CHECK(read({"--lock-wait", "5m", "apply"}).flags == read({"apply", "--lock-wait=5m"}).flags);
    CHECK(read({"apply", "--lock-wait", "5m"}).flags.at("--lock-wait") == "5m");
  }

  TEST_CASE("only what was given is known, even when it is empty") {
    const CommandLine line = read({"apply", "--migrations", ""});

    CHECK(line.flags.size() == 1);
    CHECK(line.flags.at("--migrations").empty());
  }

  TEST_CASE("a switch takes no value but may be turned off") {
    CHECK(read({"--skip", "--", "x"}).flags.at("--skip") == "1");
    CHECK(read({"--skip=false", "--", "x"}).flags.at("--skip") == "0");
    CHECK(usage({"apply", "--skip", "false"}) == neither(3));
  }

  TEST_CASE("a setting that does not exist is refused") {
    CHECK(usage({"apply", "--lockwait=5m"}) == no_option("--lockwait"));
    CHECK(usage({"apply", "--lock"}) == no_option("--lock"));
    CHECK(usage({"apply", "-w"}) == no_option("-w"));
  }

  TEST_CASE("a setting takes one value") {
    CHECK(usage({"apply", "--lock-wait"}) == "--lock-wait takes one value");
    CHECK(usage({"apply", "--lock-wait="}) == "--lock-wait takes one value");
    CHECK(usage({"--lock-wait", "--", "x"}) == "--lock-wait takes one value");
    CHECK(usage({"apply", "--wait", "1s", "--wait", "2s"}) == "--wait takes one value");
  }

  TEST_CASE("each setting has a flag and the variable of the same name") {
    Words flags;
    Words variables;
    for (const Setting& setting : settings()) flags.push_back(variable_of(setting.flag));
    for (const Setting& setting : settings()) variables.push_back(setting.variable);

    CHECK(flags == variables);
  }

  TEST_CASE("a connection string on the command line is refused and not repeated") {
    const Report report = refusal({"apply", "postgresql://u:secret@h/db"});

    CHECK(
        report ==
        Report{.code = 64,
               .what = "a connection string on the command line, where every process can read it",
               .where = "command line",
               .state = "the database was not contacted; the program was not started",
               .next = "set SCHEMAGATE_DATABASE_URL, SCHEMAGATE_DATABASE_URL_FILE or SCHEMAGATE_DATABASE_URL_COMMAND"});
    CHECK(refusal({"--url=postgres://u:secret@h/db", "--", "x"}) == report);
    CHECK(refusal({"apply", "host=h password=secret"}) == report);
    CHECK(refusal({"apply", "--before=psql postgres://u:secret@h/db"}) == report);
    CHECK(refusal({"apply", "--after", "psql 'host=h password=secret'"}) == report);
  }

  TEST_CASE("what may be a secret is not told again, whatever is wrong with it") {
    for (const Words& words :
         {Words{"s3cret"}, Words{"apply", "s3cret"}, Words{"--s3cret"}, Words{"-ps3cret"}, Words{"--S3CRET=x"},
          Words{"--lockwait=s3cret"}, Words{"--skip=s3cret", "--", "x"},
          Words{"sandbox", "--port", "s3cret", "--", "x"}, Words{"sandbox", "--port=s3cret", "--", "x"},
          Words{"diff", "--format", "s3cret"}, Words{"check", "--format=s3cret"}, Words{"status", "--json=s3cret"},
          Words{"snapshot", "--check=s3cret"}, Words{"apply", "--wait", "1s", "--wait", "s3cret"},
          Words{"resolve", "--applied", "a", "s3cret"}, Words{"apply", "PASSWORD=s3cret"},
          Words{"apply", "Pwd = s3cret"}, Words{"apply", "--base", "x://s3cret"}}) {
      CAPTURE(words);
      const Report report = refusal(words);
      CHECK(report.code == 64);
      for (const std::string& part : {report.what, report.where, report.state, report.next})
        CHECK(part.find("3cret") == std::string::npos);
    }
    CHECK(usage({"--skip=s3cret", "--", "x"}) == "an option has a value that it does not take");
  }

  TEST_CASE("a command around apply may name a web address") {
    CHECK(read({"apply", "--before", "curl https://h/open"}).flags.at("--before") == "curl https://h/open");
    CHECK(read({"apply", "--after=curl https://h/close"}).flags.at("--after") == "curl https://h/close");
  }

  TEST_CASE("a flag of one command is refused with another, where it would do nothing") {
    CHECK(usage({"--before", "true", "--", "x"}) == "--before is for apply only");
    CHECK(usage({"verify", "--after", "true"}) == "--after is for apply only");
    CHECK(usage({"status", "--hook-timeout", "1s"}) == "--hook-timeout is for apply only");
    CHECK(usage({"apply", "--init"}) == "--init is for run only: nothing else becomes the program");
    CHECK(read({"--init", "--", "x"}).flags.at("--init") == "1");
  }
}

TEST_SUITE("options: resolve and status") {
  TEST_CASE("resolve says what became of a migration") {
    using Choice = std::pair<Resolution, std::string>;
    CHECK(read({"resolve", "--applied", "1_a"}).resolve == Choice{Resolution::applied, "1_a"});
    CHECK(read({"resolve", "--rolled-back", "1_a"}).resolve == Choice{Resolution::rolled_back, "1_a"});
    CHECK(read({"resolve", "--accept=1_a"}).resolve == Choice{Resolution::accept, "1_a"});
    CHECK(read({"resolve", "--applied", "-dash b"}).resolve == Choice{Resolution::applied, "-dash b"});
  }

  TEST_CASE("resolve needs exactly one of its three") {
    CHECK(usage({"resolve"}) == "Exactly 1 option from [--applied,--rolled-back,--accept] is required");
    CHECK(usage({"resolve", "--applied", "a", "--accept", "a"}) ==
          "Exactly 1 option from [--applied,--rolled-back,--accept] is required and 2 were given");
    CHECK(usage({"resolve", "--applied", ""}) ==
          "resolve needs one of --applied NAME, --rolled-back NAME, --accept NAME");
  }

  TEST_CASE("resolve takes one migration") { CHECK(usage({"resolve", "--applied", "a", "b"}) == neither(4)); }

  TEST_CASE("what belongs to resolve is refused elsewhere") {
    CHECK(usage({"apply", "--applied=a"}) == no_option("--applied"));
  }

  TEST_CASE("only status speaks JSON on stdout") {
    CHECK(read({"status", "--json"}).format == Format::json);
    CHECK(read({"status"}).format == Format::text);
    CHECK(usage({"apply", "--json"}) == no_option("--json"));
  }
}

TEST_SUITE("options: schema") {
  TEST_CASE("snapshot may compare, replay elsewhere, and say where names go") {
    const CommandLine line = read({"snapshot", "--check", "--database-url", "--schema", "shop"});

    CHECK(line.check);
    CHECK(line.elsewhere);
    CHECK(line.schema == "shop");
    CHECK(usage({"snapshot", "--database-url=postgresql"}) != "another report");
    CHECK(usage({"snapshot", "--", "server"}) == "this command starts no program: leave out -- and what follows it");
  }

  TEST_CASE("diff has three formats") {
    CHECK(read({"diff"}).format == Format::text);
    CHECK(read({"diff", "--json"}).format == Format::json);
    CHECK(read({"diff", "--format", "json"}).format == Format::json);
    CHECK(read({"diff", "--format=markdown"}).format == Format::markdown);
    CHECK(usage({"diff", "--format", "yaml"}) == "--format: takes text, json, markdown");
  }

  TEST_CASE("baseline may stop at a migration") { CHECK(read({"baseline", "--up-to", "1_a"}).up_to == "1_a"); }

  TEST_CASE("sandbox starts a program on a port and may be kept") {
    const CommandLine line = read({"sandbox", "--keep", "--port", "5433", "--", "npm", "test"});

    CHECK(line.keep);
    CHECK(line.port == 5433);
    CHECK(line.program == Words{"npm", "test"});
    CHECK(usage({"sandbox", "--port", "0", "--", "true"}) == "--port: takes a number from 1 to 65535");
    CHECK(usage({"sandbox"}) == "no program: write schemagate sandbox [options] -- PROGRAM [ARG...]");
  }
}

TEST_SUITE("options: help") {
  TEST_CASE("help shows every setting and command") {
    Words wanted{"\n  run ",  "\n  apply ",    "\n  verify ",  "\n  status ", "\n  resolve ",     "\n  snapshot ",
                 "\n  diff ", "\n  baseline ", "\n  sandbox ", "\n  plan ",   "DATABASE_URL_FILE"};
    for (const Setting& setting : settings()) wanted.push_back("\n  " + setting.flag + " ");

    CHECK(missing(help({"--help"}), wanted) == "");
  }

  TEST_CASE("help is shown without a program, and before what is wrong behind it") {
    CHECK(help({"-h"}) == help({"--help"}));
    CHECK(help({"--help", "--", "server"}) == help({"--help"}));
    CHECK(help({"apply", "--help"}) == help({"--help"}));
  }

  TEST_CASE("a command with options of its own has help of its own") {
    CHECK(mentions(help({"resolve", "--help"}), "Usage: schemagate resolve"));
    CHECK(mentions(help({"resolve", "--help"}), "--rolled-back NAME"));
    CHECK(mentions(help({"status", "--help"}), "Usage: schemagate status"));
    CHECK(mentions(help({"status", "--help"}), "--json"));
  }

  TEST_CASE("the version is a line") {
    const std::string text = help({"--version"});

    CHECK(text.starts_with("schemagate "));
    CHECK(std::ranges::count(text, '\n') == 1);
  }
}

}  // namespace
}  // namespace schemagate
