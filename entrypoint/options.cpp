#include "options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include "failure.hpp"
#include "mask.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

Setting setting(const std::string& name, const std::string& fallback, const std::string& help, bool is_switch = false) {
  std::string variable = "SCHEMAGATE_" + name;
  std::ranges::transform(variable, variable.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return {"--" + name, variable, fallback, help, is_switch};
}

constexpr const char* footer = R"(
Every setting has a flag and a variable, --lock-wait and SCHEMAGATE_LOCK_WAIT; the flag wins. Durations: 500ms, 30s, 5m.

The database, from the environment only, so that no password is ever in a process list:
  SCHEMAGATE_DATABASE_URL, or …_FILE (a file that holds it), or …_COMMAND (a shell command that prints it):
      where to migrate: the direct URL of the owner role. Taken out of the program's environment.
  DATABASE_URL or DATABASE_URL_FILE: used when those are absent; passed on to the program.
  PG* variables of libpq fill in what a URL leaves out, or stand alone when PGHOST, PGSERVICE or PGDATABASE is set.
  PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK=1 leaves out the migration lock, as in Prisma.

Exit codes: the program's own after exec; 64 command line, 65 a migration failed, 69 no database, 75 lock or deadline,
  76 folder and database disagree, 77 a right is missing, 78 settings or folder, 70 a bug, 126/127 program not
  executable/missing, 128+n stopped by signal n.)";

constexpr std::size_t longest_flag = 30;
constexpr const char* wrong_option = "an option has a value that it does not take";

constexpr std::array command_names{"run",  "apply",    "verify",  "status", "resolve", "snapshot",
                                   "diff", "baseline", "sandbox", "check",  "plan"};
constexpr std::array command_help{
    "The gate, then exec PROGRAM. Also without the word: schemagate [options] -- PROGRAM [ARG...]",
    "The gate without exec: apply what is pending, for CI, a job or an init container",
    "The gate, read-only: refuse what run would apply or refuse",
    "Show what is applied, pending, failed, edited and ahead; exit 76 where verify would refuse",
    "Repair the history under the migration lock",
    "Replay the migrations on a throw-away PostgreSQL and write the schema they produce",
    "Show how the live schema differs from the snapshot; exit 76 when it does",
    "Record migrations as applied in a database without history, if its schema is what they produce",
    "Start a throw-away PostgreSQL, migrate it, run PROGRAM with its DATABASE_URL, remove it all",
    "Judge the folder alone: git, build context, Dockerfile, names, snapshot; no database; exit 78",
    "Show what apply would run, statement by statement: what each locks, how long, and whom it breaks",
};

[[noreturn]] void usage(const std::string& what) {
  throw Failure{ExitCode::usage, what, "command line", not_contacted, "schemagate --help"};
}

/// CLI11's own checks tell the value again.
CLI::Validator one_of(const std::vector<std::string>& words) {
  const auto complaint = [words](const std::string& value) {
    return std::ranges::find(words, value) != words.end() ? "" : "takes " + join(words, ", ");
  };
  return {complaint, ""};
}

CLI::Validator is_port() {
  const auto complaint = [](const std::string& value) -> std::string {
    const int number = whole_number(value).value_or(0);
    return number >= 1 && number <= 65535 ? "" : "takes a number from 1 to 65535";
  };
  return {complaint, ""};
}

/// CLI11 does not know that a program follows.
struct Formatter : CLI::Formatter {
  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_parent() != nullptr) return CLI::Formatter::make_usage(app, name);
    return "Usage: schemagate [run] [options] -- PROGRAM [ARG...]\n"
           "       schemagate apply|verify|status|plan|resolve|snapshot|diff|baseline|check [options]\n"
           "       schemagate sandbox [options] -- PROGRAM [ARG...]\n";
  }
};

/// The parser and the places it writes to.
struct Parser {
  CLI::App app{R"(schemagate makes "the schema matches" a precondition of "the server runs".)", "schemagate"};
  CommandLine line;
  std::map<std::string, bool> switches;
  std::map<std::string, CLI::App*> commands;
  bool json = false;
  std::string format;
  std::string applied;
  std::string rolled_back;
  std::string accept;

  Parser() {
    app.formatter(std::make_shared<Formatter>());
    app.footer(footer);
    app.fallthrough();
    app.require_subcommand(0, 1);
    app.set_version_flag("--version", "schemagate " SCHEMAGATE_VERSION);
    for (const Setting& setting : settings()) add(setting);
    for (std::size_t i = 0; i < command_names.size(); ++i)
      commands[command_names[i]] = app.add_subcommand(command_names[i], command_help[i]);
    commands["status"]->add_flag("--json", json, "One JSON object on stdout");
    add_resolve();
    add_schema();
    add_check();
  }

  void add_resolve() {
    CLI::Option_group* choice = commands["resolve"]->add_option_group("NAME is a migration's folder");
    choice->add_option("--applied", applied, "All of it is in the database: record it as applied")->type_name("NAME");
    choice->add_option("--rolled-back", rolled_back, "Nothing of it is there: let it be applied again")
        ->type_name("NAME");
    choice->add_option("--accept", accept, "Its file was edited harmlessly: record the new checksum")
        ->type_name("NAME");
    choice->require_option(1);
  }

  void add_schema() {
    CLI::App* snapshot = commands["snapshot"];
    snapshot->add_flag("--check", line.check, "Compare with the committed file instead of writing it; exit 76");
    snapshot->add_flag("--database-url", line.elsewhere,
                       "Replay on the empty database that SCHEMAGATE_DATABASE_URL or DATABASE_URL names");
    snapshot->add_option("--schema", line.schema, "Where unqualified names go: the URL's ?schema= [public]")
        ->type_name("NAME");
    for (const char* shown : {"diff", "plan"}) {
      commands[shown]->add_flag("--json", json, "One JSON object on stdout");
      commands[shown]
          ->add_option("--format", format, "text, json, or markdown for a pull request")
          ->check(one_of({"text", "json", "markdown"}))
          ->type_name("");
    }
    commands["baseline"]
        ->add_option("--up-to", line.up_to, "The last migration that the database already contains")
        ->type_name("NAME");
    CLI::App* sandbox = commands["sandbox"];
    sandbox->add_flag("--keep", line.keep, "Leave the server running and say how it is removed");
    sandbox->add_option("--port", line.port, "On 127.0.0.1; a free one by default")->check(is_port())->type_name("N");
  }

  void add_check() {
    CLI::App* check = commands["check"];
    check->add_flag("--json", json, "One JSON object on stdout");
    check->add_option("--format", format, "text, json, or github for annotations")
        ->check(one_of({"text", "json", "github"}))
        ->type_name("");
    check->add_flag("--staged", line.staged, "What is staged counts as committed: for a pre-commit hook");
    check->footer(
        "Settings, also as variables: --base --dockerfile --context --target --migrations --snapshot; schemagate "
        "--help");
  }

  void add(const Setting& setting) {
    const std::string help = fmt::format("{} [{}]", setting.help, setting.fallback);
    if (setting.is_switch)
      app.add_flag(setting.flag, switches[setting.flag], help);
    else
      app.add_option(setting.flag, line.flags[setting.flag], help)->type_name("");
  }

  void collect() {
    std::erase_if(line.flags, [this](const auto& flag) { return app.count(flag.first) == 0; });
    for (const auto& [flag, on] : switches)
      if (app.count(flag) > 0) line.flags[flag] = on ? "1" : "0";
    for (std::size_t i = 0; i < command_names.size(); ++i)
      if (app.got_subcommand(commands[command_names[i]])) line.command = static_cast<Command>(i);
    collect_format();
    collect_resolution();
  }

  void collect_format() {
    if (json || format == "json") line.format = Format::json;
    if (format == "markdown") line.format = Format::markdown;
    if (format == "github") line.format = Format::github;
  }

  void collect_resolution() {
    if (!applied.empty()) line.resolve.emplace(Resolution::applied, applied);
    if (!rolled_back.empty()) line.resolve.emplace(Resolution::rolled_back, rolled_back);
    if (!accept.empty()) line.resolve.emplace(Resolution::accept, accept);
  }
};

/// Commands with options of their own have help of their own; CLI11 would show nearly nothing for the others.
std::string help_text(const Parser& parser) {
  for (const char* name : {"status", "resolve", "snapshot", "diff", "baseline", "sandbox", "check", "plan"})
    if (const CLI::App* command = parser.commands.at(name); parser.app.got_subcommand(command))
      return parser.app.get_formatter()->make_help(command, "schemagate " + command->get_name(),
                                                   CLI::AppFormatMode::Normal);
  return parser.app.get_formatter()->make_help(&parser.app, "schemagate", CLI::AppFormatMode::Normal);
}

/// The commands around apply may well name a web address.
bool is_hook(const std::vector<std::string>& own, std::size_t index) {
  const auto names_hook = [](const std::string& word) { return word == "--before" || word == "--after"; };
  return own[index].starts_with("--before=") || own[index].starts_with("--after=") ||
         (index > 0 && names_hook(own[index - 1]));
}

bool is_secret(const std::string& argument, bool is_hook) {
  return is_like_connection(argument) || (!is_hook && argument.find("://") != std::string::npos);
}

/// Not shown again: the text may hold a password, and what we print is kept for longer than a process list.
void refuse_secrets(const std::vector<std::string>& own) {
  for (std::size_t i = 0; i < own.size(); ++i)
    if (is_secret(own[i], is_hook(own, i)))
      throw Failure{ExitCode::usage, "a connection string on the command line, where every process can read it",
                    "command line", not_contacted,
                    "set SCHEMAGATE_DATABASE_URL, SCHEMAGATE_DATABASE_URL_FILE or SCHEMAGATE_DATABASE_URL_COMMAND"};
}

/// A flag that is only mistyped, without what follows its `=`. Anything else may be a secret.
bool is_telling(std::string_view flag) {
  const std::string_view name = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
  return flag.starts_with('-') && !name.empty() && name.size() <= longest_flag &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

/// What to say of an argument that has no place.
std::string unexpected(const std::string& argument, const std::vector<std::string>& own) {
  const std::string_view flag = cut(argument, '=').first;
  if (is_telling(flag)) return fmt::format("the option {} does not exist, or not for this command", flag);
  if (std::ranges::find(command_names, argument) != command_names.end())
    return fmt::format("{} is a second command, and there can be one", argument);
  const auto place = std::ranges::find(own, argument) - own.begin() + 1;
  return fmt::format("argument {} is neither a command nor an option (a program and its arguments stand behind --)",
                     place);
}

void parse(Parser& parser, std::vector<std::string> own) {
  const std::vector<std::string> given = own;
  refuse_secrets(own);
  std::ranges::reverse(own);  // CLI11 takes its vector from the back.
  try {
    parser.app.parse(own);
  } catch (const CLI::CallForHelp&) {
    parser.line.print = help_text(parser);
  } catch (const CLI::CallForVersion& version) {
    parser.line.print = std::string{version.what()} + "\n";
  } catch (const CLI::ExtrasError&) {
    usage(unexpected(parser.app.remaining(true).front(), given));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    usage(text.starts_with("--") ? text.substr(0, text.find(':')) + " takes one value" : wrong_option);
  } catch (const CLI::RequiredError& error) {
    usage(error.what());
  } catch (const CLI::ValidationError& error) {
    usage(error.what());
  } catch (const CLI::ParseError&) {
    usage(wrong_option);
  }
}

bool starts_program(Command command) { return command == Command::run || command == Command::sandbox; }

/// A flag that would do nothing is not what was meant.
void require_command(const CommandLine& line) {
  for (const char* flag : {"--before", "--after", "--hook-timeout"})
    if (line.command != Command::apply && line.flags.contains(flag)) usage(fmt::format("{} is for apply only", flag));
  if (line.command != Command::run && line.flags.contains("--init"))
    usage("--init is for run only: nothing else becomes the program");
}

void require_program(const CommandLine& line, bool separator) {
  if (line.command == Command::sandbox && line.program.empty())
    usage("no program: write schemagate sandbox [options] -- PROGRAM [ARG...]");
  if (line.command == Command::run && line.program.empty())
    usage(separator ? "no program after --: the image has no CMD (an ENTRYPOINT in a Dockerfile resets the CMD of its "
                      "base image)"
                    : "no program: write schemagate [options] -- PROGRAM [ARG...]");
  if (!starts_program(line.command) && separator)
    usage("this command starts no program: leave out -- and what follows it");
  if (line.command == Command::resolve && !line.resolve)
    usage("resolve needs one of --applied NAME, --rolled-back NAME, --accept NAME");
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all{
      setting("migrations", "prisma/migrations, else migrations", "Folder of migrations"),
      setting("pending", "apply", "Pending migrations: apply, or refuse (a job applies them)"),
      setting("ahead", "compatible",
              "Database has migrations this image does not know: refuse, compatible (start if the snapshot proves that "
              "nothing this image needs is missing), allow"),
      setting("edited", "refuse", "An applied migration's file was edited: refuse, warn"),
      setting("snapshot", "schema.snapshot in the folder, if it is there",
              "What the schema must be; none to do without. A database once verified with one demands one"),
      setting("drift", "refuse", "The live schema is not the snapshot: refuse, warn"),
      setting("ignore", "none", "Objects that are not compared: patterns like public.tmp_*, separated by commas"),
      setting("allow-empty", "off", "An empty migrations folder is meant", true),
      setting("create-database", "off", "Create the database when it does not exist", true),
      setting("azure-identity", "none",
              "Log in with a token of the managed identity: system, or the client id of a user-assigned one"),
      setting("wait", "60s", "How long to wait for the database to accept connections"),
      setting("lock-wait", "5m", "How long to wait for another replica that migrates without progress"),
      setting(
          "ddl-lock-timeout", "5s",
          "How long others may wait behind a statement of a migration that waits for a lock; then it is rolled back "
          "and tried again"),
      setting("deadline", "none", "For everything before exec"),
      setting("pg-bin", "PATH, else the usual places", "Folder of initdb and postgres, for a throw-away server"),
      setting("before", "none", "apply only: a shell command that runs before the database is contacted"),
      setting("after", "none",
              "apply only: a shell command that runs at the end, whatever happened since --before was started; "
              "SCHEMAGATE_OUTCOME and SCHEMAGATE_EXIT_CODE tell it"),
      setting("hook-timeout", "60s", "How long each of the two may take"),
      setting("init", "off", "run only: stay as the first process: forward signals, reap orphans, exit as PROGRAM does",
              true),
      setting("termination-log", "/dev/termination-log",
              "Where a refusal is also written, if the file is there: Kubernetes shows it; none to do without"),
      setting("base", "none", "check: what is released; a migration of it must not be edited, renamed or deleted"),
      setting("dockerfile", "the nearest above the folder", "check: the Dockerfile of the image; none to do without"),
      setting("context", "where the Dockerfile finds the folder", "check: the folder that docker build is given"),
      setting("target", "the last stage", "check: the stage of the Dockerfile that is built, as for docker build"),
      setting("log-format", "text", "text, or json: one line an event, on stderr"),
      setting("show-values", "off",
              "Show what is hidden otherwise: values of rows in errors, constants in other sessions' statements, lines "
              "with a password",
              true),
      setting("skip", "off", "Exec the program at once, without looking at the database", true),
  };
  return all;
}

CommandLine read_command_line(const std::vector<std::string>& arguments) {
  const auto separator = std::ranges::find(arguments, "--");
  Parser parser;
  parse(parser, {arguments.begin(), separator});
  if (parser.line.print) return parser.line;
  parser.collect();
  if (separator != arguments.end()) parser.line.program.assign(separator + 1, arguments.end());
  require_command(parser.line);
  require_program(parser.line, separator != arguments.end());
  return parser.line;
}

}  // namespace schemagate
