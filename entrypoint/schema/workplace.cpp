#include "schema/workplace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "failure.hpp"
#include "wait.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;

constexpr const char* prefix = "schemagate-pg.";
// A socket's path has at most 107 bytes (unix(7)); the rest is for `/schemagate-pg.XXXXXX/.s.PGSQL.65535`.
constexpr std::size_t longest_parent = 107 - 38;
constexpr std::time_t certainly_abandoned = 60;

[[noreturn]] void refuse(const std::string& what, const std::string& where) {
  throw Failure{ExitCode::configuration, fmt::format("{}: {}", what, std::strerror(errno)), where, not_contacted,
                "make it a folder that everybody can write to, or name another one: TMPDIR"};
}

/// As in a user namespace that has only one user.
[[noreturn]] void refuse_root(const Account& account, const std::string& folder) {
  const std::string why = std::strerror(errno);
  ::rmdir(folder.c_str());
  throw Failure{ExitCode::configuration,
                fmt::format("PostgreSQL does not run as root, and nothing can be given to {}: {}", account.name, why),
                folder, not_contacted, "start schemagate as an ordinary user"};
}

/// The server's settings separate folders by commas, and quotes would have to be quoted several times.
bool is_plain(const std::string& path) {
  return path.starts_with('/') && path.find_first_of(",'\"\\\n ") == std::string::npos;
}

std::string parent(const std::optional<std::string>& temporary) {
  return temporary && is_plain(*temporary) && temporary->size() <= longest_parent ? *temporary : "/tmp";
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

/// A number in a file may have become another's by now, but hardly that of one who works in this very folder.
void stop_server(const std::string& folder) {
  const fs::path data = fs::path{folder} / "data";
  pid_t server = 0;
  std::error_code error;
  const auto is_running = [&] { return fs::read_symlink(fmt::format("/proc/{}/cwd", server), error) == data; };
  if (!(std::ifstream{data / "postmaster.pid"} >> server) || server <= 1 || !is_running()) return;
  ::kill(server, SIGQUIT);
  const Clock::time_point end = Clock::now() + std::chrono::seconds{5};
  while (is_running() && Clock::now() < end) Wait::undisturbed().pause(std::chrono::milliseconds{5});
  if (is_running()) ::kill(server, SIGKILL);
}

/// An empty one may have been made this moment, and not be locked yet.
bool is_abandoned(int descriptor, const std::string& folder, uid_t user) {
  struct stat found {};
  if (::fstat(descriptor, &found) != 0 || (found.st_uid != user && found.st_uid != ::geteuid())) return false;
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return false;
  std::error_code error;
  return !fs::is_empty(folder, error) || found.st_mtime + certainly_abandoned < std::time(nullptr);
}

void remove_abandoned(const std::string& place, uid_t user) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{place, error}) {
    const std::string folder = entry.path();
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    const Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (opened.get() < 0 || !is_abandoned(opened.get(), folder, user)) continue;
    stop_server(folder);
    fs::remove_all(folder, error);
  }
}

std::string make_folder(const std::string& place) {
  std::string path = fmt::format("{}/{}XXXXXX", place, prefix);
  if (::mkdtemp(path.data()) == nullptr) refuse("no folder for a throw-away PostgreSQL can be made", place);
  return path;
}

}  // namespace

Workplace::Workplace(const std::optional<std::string>& temporary, const std::optional<Account>& account)
    : account_{account} {
  const std::string place = parent(temporary);
  remove_abandoned(place, account ? account->user : ::geteuid());
  path_ = make_folder(place);
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Another one may look into it right now, and then lets go.
  ::flock(lock_, LOCK_EX);
  if (account_ && ::fchown(lock_, account_->user, account_->group) != 0) refuse_root(*account_, path_);
}

Workplace::~Workplace() { ::close(lock_); }

std::string Workplace::secret(const std::string& name, const std::string& content) const {
  std::string path = path_ + "/" + name;
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (account_) (void)::fchown(file.get(), account_->user, account_->group);
  if (::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()))
    refuse("a file for a throw-away PostgreSQL cannot be written", path);
  return path;
}

}  // namespace schemagate
