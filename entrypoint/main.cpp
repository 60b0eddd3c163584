#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config.hpp"
#include "failure.hpp"
#include "log.hpp"
#include "mask.hpp"
#include "output.hpp"
#include "run.hpp"
#include "server/dump.hpp"
#include "server/environment.hpp"
#include "server/init.hpp"
#include "server/libraries.hpp"
#include "server/signals.hpp"
#include "termination.hpp"
#include "text.hpp"

namespace {

using namespace schemagate;

/// A standard descriptor that is closed would be the next one opened, and our log lines would go into the connection to
/// the server. O_PATH refuses reads and writes as a closed one does, and the program finds it closed again.
void occupy_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) == -1) [[maybe_unused]]
      const int occupied = ::open("/", O_PATH | O_CLOEXEC);
}

/// What a signal's handler prints, made beforehand: nothing may be formatted there.
std::array<std::string, 4> last_words(LogFormat format) {
  std::array<std::string, 4> lines;
  constexpr std::array names{"SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"};
  constexpr std::array codes{143, 130, 129, 131};
  for (std::size_t i = 0; i < lines.size(); ++i)
    lines[i] = format == LogFormat::json
                   ? fmt::format(
                         "{{\"level\":\"error\",\"event\":\"refused\",\"code\":{},\"what\":\"stopped by {}\","
                         "\"where\":\"\",\"state\":\"no migration was running; the program was not started\","
                         "\"next\":\"start again\"}}\n",
                         codes[i], names[i])
                   : fmt::format(
                         "schemagate: stopped by {}\n  state  no migration was running; the program was not "
                         "started\n  next   start again\n",
                         names[i]);
  return lines;
}

Report stopped(int signal) {
  return {.code = 128 + signal,
          .what = "stopped by " + signal_name(signal),
          .where = {},
          .state = "no migration was running; the program was not started",
          .next = "start again"};
}

Report bug(const std::exception& error) {
  return {.code = static_cast<int>(ExitCode::bug),
          .what = fmt::format("a bug of schemagate: {}", error.what()),
          .where = {},
          .state = "a migration that was running is rolled back by the server; the program was not started",
          .next = "start again; if it stays, report this line"};
}

/// Where a refusal goes.
struct Voice {
  Log log;
  std::string termination_log;

  [[nodiscard]] int refuse(const Report& report) const {
    log.failure(report);
    leave_message(termination_log, report);
    return report.code;
  }
};

/// Before the first word is printed, but not before a parent stays that is to know no secret. One may stand where none
/// belongs. To hide a word of our own texts would tell what it is.
void conceal_secrets(const std::vector<std::string>& words, const Environment& environment) {
  for (const char* word : {"database", "migration", "migrations", "password", "postgres", "postgresql", "schemagate"})
    reveal(word);
  for (const std::string& word : words) conceal_connection(word);
  for (const std::string& entry : environment.entries()) conceal_connection(cut(entry, '=').second);
  for (const char* name : {"PGPASSWORD", "IDENTITY_HEADER"}) conceal(environment.value(name).value_or(""));
}

int start(const std::vector<std::string>& arguments, Environment& environment, Signals& signals, const Voice& voice) {
  const auto refuse = [&](const Report& report) {
    conceal_secrets(arguments, environment);
    return voice.refuse(report);
  };
  try {
    const CommandLine line = read_command_line(arguments);
    if (line.print) {
      print(*line.print);
      return 0;
    }
    const Config config = make_config(line, environment);
    if (config.show_values) show_values();
    if (config.command == Command::run && config.init)
      if (const std::optional<int> code = stay(environment)) return *code;
    conceal_secrets(arguments, environment);
    return run(config, environment, signals, voice.log);
  } catch (const Failure& failure) {
    return refuse(failure.report());
  } catch (const Stopped& stop) {
    return refuse(stopped(stop.signal));
  } catch (const std::exception& error) {
    return refuse(bug(error));
  }
}

}  // namespace

int main(int count, char** arguments, char** environment_strings) {
  ignore_configurations();
  forbid_dumps();
  occupy_standard_descriptors();
  std::array<std::string, 4> lines;
  Signals signals;
  Environment environment{environment_strings};
  const std::span all{arguments, static_cast<std::size_t>(count)};
  const std::vector<std::string> words{all.begin() + (all.empty() ? 0 : 1), all.end()};
  const LogFormat format = log_format(words, environment);
  lines = last_words(format);
  Signals::last_words(lines);
  return start(words, environment, signals, Voice{Log{format}, termination_log(words, environment)});
}
