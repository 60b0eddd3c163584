#include "database/connect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <sstream>

#include "database/authorities.hpp"
#include "database/home.hpp"
#include "database/identity.hpp"
#include "database/lookup.hpp"
#include "failure.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr auto first_pause = std::chrono::milliseconds{100};
constexpr auto longest_pause = std::chrono::milliseconds{1000};
constexpr auto told_every = std::chrono::seconds{10};
constexpr const char* waited = "--wait (SCHEMAGATE_WAIT)";
// Prisma's default; libpq has none.
constexpr auto default_connect_timeout = std::chrono::seconds{5};

std::string environment_or(const char* name, const std::string& given) {
  const char* value = std::getenv(name);
  return given.empty() && value != nullptr ? value : given;
}

void set(Keywords& keywords, const std::string& name, const std::string& value) {
  std::erase_if(keywords, [&name](const auto& keyword) { return keyword.first == name; });
  keywords.emplace_back(name, value);
}

/// libpq 15 looks only into the home folder, where hardly an image has anything, and does not know `system`.
void find_authorities(const Url& url, Keywords& keywords, std::string& note) {
  std::string mode = environment_or("PGSSLMODE", url.value("sslmode"));
  const std::string file = environment_or("PGSSLROOTCERT", url.value("sslrootcert"));
  if (!file.empty() && file != "system") return require_authorities(mode, file);
  if (file == "system" && mode.empty()) set(keywords, "sslmode", mode = "verify-full");
  if (!mode.starts_with("verify") && file != "system") return;
  const Authorities& found = authorities(mode);
  set(keywords, "sslrootcert", found.file);
  note = found.note;
}

/// `schemagate/REPLICA`, so that others see in pg_stat_activity who holds the lock. At most 63 bytes are kept there.
std::string application_name() {
  for (const char* name : {"CONTAINER_APP_REPLICA_NAME", "HOSTNAME"})
    if (const char* replica = std::getenv(name); replica != nullptr && *replica != '\0')
      return fmt::format("schemagate/{}", replica);
  return "schemagate";
}

/// As libpq fills in what the URL leaves out.
std::string user_of(const Url& url) { return environment_or("PGUSER", url.value("user")); }

Keywords keywords_of(const Url& url, std::string& note) {
  Keywords keywords = url.keywords;
  find_authorities(url, keywords, note);
  require_secrecy(url, keywords);
  set(keywords, "client_encoding", "UTF8");
  // A server that vanished without a word is noticed within a minute, not after the kernel's two hours.
  for (const auto& [name, value] : {std::pair{"keepalives_idle", "30"}, std::pair{"keepalives_interval", "10"},
                                    std::pair{"keepalives_count", "3"}, std::pair{"tcp_user_timeout", "60000"}})
    if (url.value(name).empty()) keywords.emplace_back(name, value);
  keywords.emplace_back("fallback_application_name", application_name());
  return keywords;
}

Clock::duration connect_timeout(const Url& url) {
  const std::string text = environment_or("PGCONNECT_TIMEOUT", url.value("connect_timeout"));
  if (text.empty()) return default_connect_timeout;
  const int seconds = std::atoi(text.c_str());  // NOLINT(cert-err34-c): checked when the URL was read
  return seconds <= 0 ? Clock::duration{std::chrono::hours{1}} : Clock::duration{std::chrono::seconds{seconds}};
}

/// Jitter, so that replicas that started together do not knock together.
Clock::duration jittered(Clock::duration span) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return span * std::uniform_int_distribution{50, 100}(random) / 100;
}

std::string database_of(const Url& url) {
  const std::string name = environment_or("PGDATABASE", url.value("dbname"));
  return name.empty() ? user_of(url) : name;
}

/// What to do about a refusal that trying again does not change.
std::string advice(const Refused& refused, const Url& url) {
  if (!url.identity.empty() && refused.sqlstate.starts_with("28P")) return identity_advice(user_of(url));
  const bool needs_password = refused.message.find("no password supplied") != std::string::npos;
  const std::string passfile = needs_password ? unread_passfile(url) : "";
  if (!passfile.empty())
    return fmt::format("{0} is read where it is named: set PGPASSFILE={0}, or put the password into the URL", passfile);
  static const std::array<std::pair<const char*, const char*>, 6> known{{
      {"no password supplied", "put the password into the URL, or mount it and set PGPASSFILE"},
      {"password authentication failed", "correct user or password in the URL"},
      {"certificate verify failed",
       "name the authority that signed the server's certificate: "
       "sslrootcert=/path/to/ca.pem"},
      {"does not match host name",
       "write the host as the server's certificate names it; sslmode=verify-ca leaves out "
       "this comparison"},
      {"does not support SSL", "switch TLS on at the server, or write sslmode=disable"},
      {"pg_hba.conf",
       "allow this role and address in pg_hba.conf (a managed server: in its firewall); where it says "
       "\"no encryption\", write sslmode=require"},
  }};
  for (const auto& [sign, next] : known)
    if (refused.message.find(sign) != std::string::npos) return next;
  return "correct user, password or TLS settings in the URL; trying again would not help";
}

[[noreturn]] void refuse_at_once(const Refused& refused, const Url& url, const char* state) {
  if (refused.sqlstate == "3D000")
    throw Failure{ExitCode::unreachable, fmt::format("the database does not exist: {}", refused.message), url.place(),
                  "there is no such database; the program was not started",
                  "correct the name in the URL; to have it created, say --create-database "
                  "(SCHEMAGATE_CREATE_DATABASE=1)"};
  if (refused.sqlstate == "42501")
    throw Failure{ExitCode::no_permission, fmt::format("the role may not connect: {}", refused.message), url.place(),
                  state,
                  fmt::format("as the owner of the database:  GRANT CONNECT ON DATABASE {} TO {}",
                              Connection::identifier(database_of(url)), Connection::identifier(user_of(url)))};
  throw Failure{ExitCode::unreachable, fmt::format("the server refuses the connection: {}", refused.message),
                url.place(), state, advice(refused, url)};
}

[[noreturn]] void unreachable(const std::string& when, const Refused& refused, const Url& url, const char* state,
                              const char* setting) {
  throw Failure{ExitCode::unreachable,
                fmt::format("no connection {}; last error: {}", when,
                            refused.message.empty() ? "none, the first try was under way" : refused.message),
                url.place(), state, fmt::format("{}; to wait longer, raise {}", refused.check, setting)};
}

/// Says what we wait for when it starts, then every 10 s.
class Progress {
 public:
  Progress(const Log& log, std::string place) : log_{log}, place_{std::move(place)} {}

  void tell(const Refused& refused, Clock::time_point end) {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + told_every;
    log_.info("waiting_for_database",
              fmt::format("waiting for {} (up to {} more): {}", place_, spoken(end - Clock::now()), refused.message),
              {{"error", refused.message}});
  }

 private:
  const Log& log_;
  std::string place_;
  Clock::time_point next_ = Clock::now();
};

struct Tried {
  std::string plain_because{};  ///< why it is not encrypted although the server offered that; empty otherwise
  std::optional<Connection> connection{};
  Refused refused{};
  bool cut_short = false;  ///< by the end of waiting; then its error says less than the one before
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream stream{list};
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

std::string element(const std::vector<std::string>& list, std::size_t index) {
  if (list.size() == 1) return list[0];
  return index < list.size() ? list[index] : "";
}

bool is_socket(const std::string& host) { return host.empty() || host.starts_with('/') || host.starts_with('@'); }

Keywords target(Keywords keywords, const std::string& host, const std::string& port, const std::string& address) {
  set(keywords, "host", host);
  if (!port.empty()) set(keywords, "port", port);
  if (!address.empty()) set(keywords, "hostaddr", address);
  return keywords;
}

/// What a URL or the environment says, as lists of the same length.
struct Hosts {
  std::vector<std::string> names;
  std::vector<std::string> addresses;
  std::vector<std::string> ports;

  explicit Hosts(const Url& url)
      : names{split(environment_or("PGHOST", url.value("host")))},
        addresses{split(environment_or("PGHOSTADDR", url.value("hostaddr")))},
        ports{split(environment_or("PGPORT", url.value("port")))} {}

  /// Otherwise libpq knows better: nothing named, or an error for it to report.
  [[nodiscard]] bool are_sound() const {
    return !names.empty() && (addresses.empty() || addresses.size() == names.size()) && ports.size() <= names.size();
  }
  [[nodiscard]] bool is_known(std::size_t index) const { return !addresses.empty() || is_socket(names[index]); }
};

/// The keywords once for every address. libpq goes through several by itself, but leaves the time limit of each to its
/// caller, who cannot make it go on: one silent host would take the time of all.
class Targets {
 public:
  std::vector<Keywords> found;
  std::vector<Refused> refusals;

  Targets(const Keywords& keywords, const Url& url, const Wait& wait, Clock::time_point end) {
    const Hosts hosts{url};
    if (!hosts.are_sound()) {
      found = {keywords};
      return;
    }
    for (std::size_t i = 0; i < hosts.names.size(); ++i)
      for (const std::string& address :
           hosts.is_known(i) ? std::vector{element(hosts.addresses, i)} : addresses_of(hosts.names[i], wait, end))
        found.push_back(target(keywords, hosts.names[i], element(hosts.ports, i), address));
  }

 private:
  std::vector<std::string> addresses_of(const std::string& host, const Wait& wait, Clock::time_point end) {
    Lookup lookup = look_up(host, wait, end);
    if (!lookup.error.empty())
      refusals.push_back({fmt::format("the host name \"{}\" cannot be resolved: {}", host, lookup.error), "", true});
    return std::move(lookup.addresses);
  }
};

/// Every address once, each with its own time limit but none beyond `end`.
Tried try_once(const Url& url, const Keywords& keywords, const Wait& wait, Clock::time_point end) {
  Targets targets{keywords, url, wait, end};
  bool cut_short = false;
  for (Keywords& target : targets.found) {
    if (const std::optional<Refused> no_token = add_token(url, target, wait, end))
      return {.refused = *no_token, .cut_short = Clock::now() >= end};
    const Clock::time_point limit = Clock::now() + connect_timeout(url);
    Attempt attempt{target};
    if (attempt.complete(wait, std::min(limit, end)))
      return {.plain_because = attempt.plain_because(), .connection = attempt.connection(wait)};
    targets.refusals.push_back(explain(attempt.error()));
    cut_short = end < limit && Clock::now() >= end;
    if (cut_short) break;
  }
  return {.refused = combined(targets.refusals), .cut_short = cut_short};
}

bool is_there(const Reply& reply) {
  // 42P04: it exists by now. 23505: the same, lost by a moment (unique index of pg_database).
  return !reply.error || reply.error->sqlstate == "42P04" || reply.error->sqlstate == "23505";
}

[[noreturn]] void refuse_creating(const Url& url, const ServerMessage& error) {
  throw Failure{ExitCode::no_permission,
                fmt::format("the database \"{}\" does not exist and the role may not create it: {}", database_of(url),
                            brief(error)),
                url.place(), untouched,
                fmt::format("as a superuser:  CREATE DATABASE {} OWNER {}", Connection::identifier(database_of(url)),
                            Connection::identifier(user_of(url)))};
}

/// From a database that is there. Empty when the other one exists now.
std::optional<Refused> create_from(const Url& url, const Keywords& keywords, const Wait& wait, const Log& log) {
  Tried tried = try_once(url, keywords, wait, Clock::now() + connect_timeout(url));
  if (!tried.connection) return tried.refused;
  const std::string name = database_of(url);
  Reply reply;
  try {
    reply = tried.connection->bare("CREATE DATABASE " + Connection::identifier(name));
  } catch (const ConnectionLost& lost) {
    return Refused{lost.what(), "", true};
  }
  if (!reply.error) log.info("created_database", fmt::format("created the database \"{}\"", name));
  if (is_there(reply)) return std::nullopt;
  if (reply.error->sqlstate == "42501") refuse_creating(url, *reply.error);
  // 55006: somebody is connected to the template.
  return Refused{brief(*reply.error), "", reply.error->sqlstate == "55006"};
}

/// As Prisma does. Another replica may be faster. Empty when it exists now.
std::optional<Refused> create_database(const Url& url, Keywords keywords, const Wait& wait, const Log& log) {
  std::vector<Refused> refusals;
  for (const char* existing : {"postgres", "template1", "defaultdb"}) {
    set(keywords, "dbname", existing);
    const std::optional<Refused> refused = create_from(url, keywords, wait, log);
    if (!refused) return std::nullopt;
    refusals.push_back(*refused);
  }
  const Refused all = combined(refusals);
  return Refused{
      fmt::format("the database \"{}\" does not exist and cannot be created: {}", database_of(url), all.message), "",
      all.passing};
}

/// Trying again and again.
class Knocking {
 public:
  Knocking(const Url& url, const ConnectOptions& options, const Wait& wait, const Log& log)
      : url_{url},
        options_{options},
        wait_{wait},
        log_{log},
        keywords_{keywords_of(url, note_)},
        progress_{log, url.place()},
        // Without patience there is one try, but a whole one.
        end_{Clock::now() + (is_patient() ? options.wait : connect_timeout(url))} {
    if (!note_.empty()) log.warn("authorities", note_);
  }

  std::optional<Connection> once() {
    Tried tried = try_once(url_, keywords_, wait_, end_);
    if (!tried.plain_because.empty())
      log_.warn("not_encrypted",
                fmt::format("the connection to {} is not encrypted: the server offers TLS, and the handshake "
                            "failed: {}; sslmode=require refuses this",
                            url_.place(), tried.plain_because));
    if (!tried.connection && (!tried.cut_short || last_.message.empty())) last_ = tried.refused;
    return std::move(tried.connection);
  }

  void refuse_or_rest() {
    if (last_.sqlstate == "3D000" && options_.create_database && !created_ && create()) return;
    if (!last_.passing) refuse_at_once(last_, url_, options_.state);
    if (!is_patient()) unreachable("at the first try", last_, url_, options_.state, waited);
    if (Clock::now() >= end_) unreachable("within " + spoken(options_.wait), last_, url_, options_.state, waited);
    progress_.tell(last_, end_);
    wait_.pause(std::min(jittered(pause_), end_ - Clock::now()));
    pause_ = std::min<Clock::duration>(pause_ * 3 / 2, longest_pause);
  }

  [[noreturn]] void out_of_time() const {
    unreachable("before --deadline", last_, url_, options_.state, "--deadline (SCHEMAGATE_DEADLINE)");
  }

 private:
  [[nodiscard]] bool is_patient() const { return options_.wait > Clock::duration::zero(); }

  bool create() {
    const std::optional<Refused> why_not = create_database(url_, keywords_, wait_, log_);
    created_ = !why_not;
    if (why_not) last_ = *why_not;
    return created_;
  }

  const Url& url_;
  const ConnectOptions& options_;
  const Wait& wait_;
  const Log& log_;
  std::string note_;  ///< filled with the keywords
  Keywords keywords_;
  Progress progress_;
  Clock::time_point end_;
  Clock::duration pause_ = first_pause;
  Refused last_;
  bool created_ = false;
};

}  // namespace

Connection connect(const Url& url, const ConnectOptions& options, const Wait& wait, const Log& log) {
  Knocking knocking{url, options, wait, log};
  try {
    for (;;) {
      if (std::optional<Connection> connection = knocking.once()) return std::move(*connection);
      knocking.refuse_or_rest();
    }
  } catch (const DeadlinePassed&) {
    knocking.out_of_time();
  }
}

std::optional<Connection> connect_beside(const Url& url, const Peer& peer, Clock::duration span, const Wait& wait) try {
  const Clock::time_point end = Clock::now() + span;
  std::string told_before;
  Keywords keywords = target(keywords_of(url, told_before), peer.host, peer.port, peer.address);
  if (add_token(url, keywords, wait, end)) return std::nullopt;
  Attempt attempt{keywords};
  if (!attempt.complete(wait, end)) return std::nullopt;
  return attempt.connection(wait);
} catch (const Failure&) {  // no token
  return std::nullopt;
}

}  // namespace schemagate
