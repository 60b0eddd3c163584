#include "hooks.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>

#include "failure.hpp"
#include "server/shell.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* at_before = "--before (SCHEMAGATE_BEFORE)";
constexpr const char* at_after = "--after (SCHEMAGATE_AFTER)";
constexpr const char* passed = "the database is what this image expects; what --before did may not be undone";

/// How it went up to --after.
struct Ending {
  std::string outcome;
  int code = 0;
  std::exception_ptr error;
};

std::string outcome_of(int code) {
  if (code > 128) return "stopped";
  for (const ExitCode failed :
       {ExitCode::migration_failed, ExitCode::unreachable, ExitCode::bug, ExitCode::lock_timeout})
    if (code == static_cast<int>(failed)) return "failed";
  return "refused";
}

Ending ending(int code) { return {outcome_of(code), code, std::current_exception()}; }

/// The caller's, without what is ours: a schemagate that a command starts must not run the same commands again.
std::vector<std::string> variables(const Environment& environment) {
  std::vector<std::string> result;
  for (const char* entry : environment.block())
    if (const std::string_view text{entry == nullptr ? "SCHEMAGATE_AFTER=" : entry};
        !text.starts_with("SCHEMAGATE_BEFORE=") && !text.starts_with("SCHEMAGATE_AFTER="))
      result.emplace_back(text);
  return result;
}

/// What is wrong with how a command ended; empty when nothing is.
std::string trouble(const std::optional<int>& status, Clock::duration limit) {
  if (!status) return fmt::format("did not end within {}, and was ended", spoken(limit));
  if (WIFSIGNALED(*status)) return "was killed by " + signal_name(WTERMSIG(*status));
  return *status == 0 ? "" : fmt::format("failed with exit code {}", WEXITSTATUS(*status));
}

std::string advice(const std::string& text, const std::string& todo) {
  return text.starts_with("did not end") ? todo + "; to give it longer, raise --hook-timeout (SCHEMAGATE_HOOK_TIMEOUT)"
                                         : "its own words are above; " + todo;
}

void require_shell(const Gate& gate) {
  if (::access("/bin/sh", X_OK) != 0)
    throw Failure{ExitCode::configuration, "--before and --after need /bin/sh, which the image does not have",
                  gate.config.before.empty() ? at_after : at_before, not_contacted,
                  "run both around schemagate instead, from where there is a shell"};
}

void run_before(const Gate& gate, const Environment& environment) {
  if (gate.config.before.empty()) return;
  const Clock::time_point start = Clock::now();
  ShellCommand command{gate.config.before, variables(environment), gate.signals};
  try {
    const std::string text =
        trouble(command.wait(gate.wait, start + gate.config.hook_timeout), gate.config.hook_timeout);
    if (!text.empty())
      throw Failure{ExitCode::configuration, "--before " + text, at_before, not_contacted,
                    advice(text, "correct it, and start again")};
  } catch (const DeadlinePassed&) {
    throw Failure{ExitCode::lock_timeout, "--deadline (SCHEMAGATE_DEADLINE) passed while --before ran", at_before,
                  not_contacted, "start again, with a longer deadline if it happens again"};
  }
  gate.log.info("before", "--before succeeded in " + spoken(Clock::now() - start));
}

Ending attempt(const Gate& gate, const Environment& environment) {
  try {
    run_before(gate, environment);
    return {pass(gate) ? "applied" : "up-to-date", 0, nullptr};
  } catch (const Failure& failure) {
    return ending(failure.report().code);
  } catch (const Stopped& stop) {
    return ending(128 + stop.signal);
  } catch (const std::exception&) {
    return ending(static_cast<int>(ExitCode::bug));
  }
}

/// How --after ended.
struct Farewell {
  std::string trouble;
  std::optional<int> signal;  ///< that came while it ran
};

/// What it undoes must be undone: neither the deadline nor one more signal ends it, only a second one does.
Farewell see_off(const Gate& gate, ShellCommand& command) {
  const Clock::time_point end = Clock::now() + gate.config.hook_timeout;
  const Wait wait{gate.signals.descriptor(), std::nullopt};
  Farewell farewell;
  for (;;) try {
      farewell.trouble = trouble(command.wait(wait, end), gate.config.hook_timeout);
      return farewell;
    } catch (const Stopped& stop) {
      const std::string name = signal_name(stop.signal);
      if (farewell.signal) return {"was ended by a second " + name, farewell.signal};
      farewell.signal = stop.signal;
      gate.log.warn("after_goes_on", fmt::format("{} while --after runs: it goes on; a second one ends it", name));
    }
}

Farewell run_after(const Gate& gate, const Environment& environment, const Ending& ending) try {
  if (gate.config.after.empty()) return {};
  const Clock::time_point start = Clock::now();
  std::vector<std::string> entries = variables(environment);
  entries.push_back("SCHEMAGATE_OUTCOME=" + ending.outcome);
  entries.push_back(fmt::format("SCHEMAGATE_EXIT_CODE={}", ending.code));
  ShellCommand command{gate.config.after, std::move(entries), gate.signals};
  Farewell farewell = see_off(gate, command);
  if (farewell.trouble.empty()) gate.log.info("after", "--after succeeded in " + spoken(Clock::now() - start));
  return farewell;
} catch (const std::exception& error) {
  return {fmt::format("could not be started: {}", error.what()), std::nullopt};
}

/// The first error counts.
void conclude(const Gate& gate, const Ending& ending, const Farewell& farewell) {
  if (ending.error || farewell.signal) {
    if (!farewell.trouble.empty())
      gate.log.warn("after_failed", fmt::format("--after {}: what --before did may not be undone", farewell.trouble));
    if (ending.error) std::rethrow_exception(ending.error);
    throw Failure{Report{.code = 128 + *farewell.signal,
                         .what = fmt::format("stopped by {} while --after ran", signal_name(*farewell.signal)),
                         .where = {},
                         .state = "the database is what this image expects",
                         .next = "nothing, if all is applied that should be"}};
  }
  if (!farewell.trouble.empty())
    throw Failure{ExitCode::configuration, "--after " + farewell.trouble, at_after, passed,
                  advice(farewell.trouble, "undo by hand what it should have undone")};
}

}  // namespace

void pass_with_hooks(const Gate& gate, const Environment& environment) {
  if (gate.config.before.empty() && gate.config.after.empty()) return void(pass(gate));
  require_shell(gate);
  const Held held{gate.signals};
  const Ending ending = attempt(gate, environment);
  conclude(gate, ending, run_after(gate, environment, ending));
}

}  // namespace schemagate
