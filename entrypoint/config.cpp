#include "config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "failure.hpp"
#include "mask.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr const char* wrong = " has a value that it does not take";

/// A setting's value and where it came from.
struct Value {
  std::string text;
  std::string source;
  ExitCode code = ExitCode::usage;
};

/// The value is not told: it may be a secret that stands in the wrong place.
[[noreturn]] void refuse(const Value& value, const std::string& allowed) {
  throw Failure{value.code, value.source + (value.text.empty() ? " is empty" : wrong), value.source, not_contacted,
                "allowed: " + allowed};
}

/// A command may well name one.
bool is_misplaced(const std::string& flag, const std::string& text) {
  return flag == "--before" || flag == "--after" ? is_connection(text) : is_like_connection(text);
}

/// Nothing of it is told again.
void refuse_connection(const Value& value) {
  throw Failure{value.code, value.source + " holds a connection string, which is not shown", value.source,
                not_contacted, "put it into SCHEMAGATE_DATABASE_URL, and correct " + value.source};
}

class Reader {
 public:
  Reader(const CommandLine& line, const Environment& environment) : line_{line}, environment_{environment} {}

  [[nodiscard]] std::optional<Value> given(const std::string& flag) const {
    const auto setting = std::ranges::find(settings(), flag, &Setting::flag);
    std::optional<Value> value;
    if (const auto found = line_.flags.find(flag); found != line_.flags.end())
      value = Value{found->second, flag, ExitCode::usage};
    else if (const auto text = environment_.value(setting->variable))
      value = Value{*text, setting->variable, ExitCode::configuration};
    if (value && is_misplaced(flag, value->text)) refuse_connection(*value);
    return value;
  }

  [[nodiscard]] Value value(const std::string& flag) const {
    const auto setting = std::ranges::find(settings(), flag, &Setting::flag);
    return given(flag).value_or(Value{setting->fallback, flag, ExitCode::bug});
  }

  /// The index of the word among `words`, which are in the order of the enum.
  template <typename Enum>
  [[nodiscard]] Enum choice(const std::string& flag, const std::vector<std::string>& words) const {
    const Value found = value(flag);
    const auto word = std::ranges::find(words, found.text);
    if (word == words.end()) refuse(found, fmt::format("{}", fmt::join(words, ", ")));
    return static_cast<Enum>(word - words.begin());
  }

  [[nodiscard]] bool on(const std::string& flag) const {
    const Value found = value(flag);
    for (const char* yes : {"1", "true", "yes", "on"})
      if (found.text == yes) return true;
    for (const char* no : {"0", "false", "no", "off"})
      if (found.text == no) return false;
    refuse(found, "1, true, yes, on, 0, false, no, off");
  }

  [[nodiscard]] Clock::duration duration(const std::string& flag) const {
    const Value found = value(flag);
    const std::optional<Clock::duration> span = parse_duration(found.text);
    if (!span) refuse(found, "a number and its unit, up to a year: 500ms, 30s, 5m, 1h");
    return *span;
  }

 private:
  const CommandLine& line_;
  const Environment& environment_;
};

void refuse_unknown(const Environment& environment) {
  for (const std::string& name : environment.names_with_prefix("SCHEMAGATE_")) {
    const bool secret = std::ranges::find(own_secrets, name) != own_secrets.end();
    // What --after is told, and passes on to a schemagate that it starts.
    const bool told = name == "SCHEMAGATE_OUTCOME" || name == "SCHEMAGATE_EXIT_CODE";
    if (secret || told || std::ranges::find(settings(), name, &Setting::variable) != settings().end()) continue;
    throw Failure{ExitCode::configuration, fmt::format("{} is not a setting of schemagate", name), name, not_contacted,
                  "correct or remove the variable; schemagate --help lists them all"};
  }
}

std::string migrations_folder(const Reader& read) {
  if (const auto given = read.given("--migrations")) return given->text;
  std::error_code error;
  const bool only_plain =
      !std::filesystem::exists("prisma/migrations", error) && std::filesystem::exists("migrations", error);
  return only_plain ? "migrations" : "prisma/migrations";
}

Policy policy(const Reader& read, Command command) {
  Policy policy{.pending = read.choice<OnPending>("--pending", {"apply", "refuse"}),
                .ahead = read.choice<OnAhead>("--ahead", {"refuse", "compatible", "allow"}),
                .edited = read.choice<OnEdited>("--edited", {"refuse", "warn"})};
  if (command == Command::verify || command == Command::status) policy.pending = OnPending::refuse;
  return policy;
}

/// Empty when it was not given.
std::string text(const Reader& read, const std::string& flag) {
  const auto given = read.given(flag);
  return given ? given->text : "";
}

std::string command(const Reader& read, const std::string& flag) {
  const std::string given = text(read, flag);
  return given == "none" ? "" : given;
}

/// A setting that is needed before the command line is known to be right.
std::string early(const std::vector<std::string>& arguments, const Environment& environment, const std::string& flag) {
  const auto setting = std::ranges::find(settings(), flag, &Setting::flag);
  const auto end = std::ranges::find(arguments, "--");
  std::string value = environment.value(setting->variable).value_or(setting->fallback);
  for (auto argument = arguments.begin(); argument != end; ++argument) {
    if (argument->starts_with(flag + "=")) value = argument->substr(flag.size() + 1);
    if (*argument == flag && argument + 1 != end) value = *(argument + 1);
  }
  return value;
}

std::vector<std::string> patterns(const std::string& list) {
  std::vector<std::string> result;
  for (const std::string_view pattern : split(list, ','))
    if (!pattern.empty() && list != "none") result.emplace_back(pattern);
  return result;
}

/// As Azure writes a client id: 8-4-4-4-12 hexadecimal digits.
bool is_guid(const std::string& text) {
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, form, [](char letter, char place) {
    return place == '-' ? letter == '-' : std::isxdigit(static_cast<unsigned char>(letter)) != 0;
  });
}

std::string azure_identity(const Reader& read) {
  const Value found = read.value("--azure-identity");
  if (found.text == "none") return {};
  if (found.text != "system" && !is_guid(found.text))
    refuse(found,
           "none, system, or the client id of a user-assigned identity, like "
           "11111111-2222-3333-4444-555555555555");
  return found.text;
}

// More would overflow the clock when it is added to now, which is in nanoseconds.
constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365};

constexpr std::array<std::pair<std::string_view, std::chrono::milliseconds>, 4> units{{
    {"ms", std::chrono::milliseconds{1}},
    {"s", std::chrono::seconds{1}},
    {"m", std::chrono::minutes{1}},
    {"h", std::chrono::hours{1}},
}};

}  // namespace

std::optional<Clock::duration> parse_duration(const std::string& text) {
  int number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit{rest, text.data() + text.size()};
  if (error != std::errc{} || number < 0) return std::nullopt;
  for (const auto& [name, length] : units)
    if (unit == name && number <= longest / length) return number * length;
  return std::nullopt;
}

LogFormat log_format(const std::vector<std::string>& arguments, const Environment& environment) {
  return early(arguments, environment, "--log-format") == "json" ? LogFormat::json : LogFormat::text;
}

std::string termination_log(const std::vector<std::string>& arguments, const Environment& environment) {
  return early(arguments, environment, "--termination-log");
}

Config make_config(const CommandLine& line, const Environment& environment) {
  refuse_unknown(environment);
  const Reader read{line, environment};
  for (const Setting& setting : settings()) (void)read.given(setting.flag);
  (void)read.choice<LogFormat>("--log-format", {"text", "json"});
  const std::string unlocked = environment.value("PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK").value_or("0");
  Config config{.command = line.command,
                .migrations = migrations_folder(read),
                .snapshot = text(read, "--snapshot"),
                .policy = policy(read, line.command),
                .drift = read.choice<OnDrift>("--drift", {"refuse", "warn"}),
                .ignore = patterns(text(read, "--ignore")),
                .pg_bin = text(read, "--pg-bin"),
                .azure_identity = azure_identity(read),
                .base = text(read, "--base"),
                .dockerfile = text(read, "--dockerfile"),
                .context = text(read, "--context"),
                .target = text(read, "--target"),
                .allow_empty = read.on("--allow-empty"),
                .create_database = read.on("--create-database"),
                .skip = read.on("--skip"),
                .show_values = read.on("--show-values"),
                .init = read.on("--init"),
                .before = command(read, "--before"),
                .after = command(read, "--after"),
                .hook_timeout = read.duration("--hook-timeout"),
                .use_lock = unlocked == "0",
                .wait = read.duration("--wait"),
                .lock_wait = read.duration("--lock-wait"),
                .ddl_lock_timeout = read.duration("--ddl-lock-timeout"),
                .deadline = std::nullopt,
                .line = line};
  if (config.base == "none") config.base.clear();
  if (read.value("--deadline").text != "none") config.deadline = read.duration("--deadline");
  return config;
}

}  // namespace schemagate
