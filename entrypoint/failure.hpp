#pragma once

#include <stdexcept>
#include <string>

namespace schemagate {

/// Exit codes are part of the interface: orchestrators branch on them. sysexits.h where one fits, the shell's 126 and
/// 127.
enum class ExitCode : int {
  ok = 0,
  usage = 64,             ///< the command line is wrong; nothing was contacted
  migration_failed = 65,  ///< PostgreSQL refused a migration
  unreachable = 69,       ///< no connection within --wait, or none possible
  bug = 70,               ///< ours
  lock_timeout = 75,      ///< another replica holds the migration lock; trying again is safe
  refused = 76,           ///< folder and database disagree
  no_permission = 77,     ///< the role lacks a right
  configuration = 78,     ///< settings or folder are wrong; nothing was touched
  not_executable = 126,
  not_found = 127,
};

/// What stopped us, in the four parts an operator needs. Every part may have several lines.
struct Report {
  int code = static_cast<int>(ExitCode::bug);
  std::string what;   ///< what was found, with the value that was wrong
  std::string where;  ///< file, table, setting or server; may be empty
  std::string state;  ///< what the database is like now
  std::string next;   ///< the exact command or edit that gets the operator unstuck
  bool lost = false;  ///< only the connection is lost: connecting again may be enough

  friend bool operator==(const Report&, const Report&) = default;
};

/// Thrown where there is enough knowledge to fill in `next`, caught once, in main().
class Failure : public std::runtime_error {
 public:
  explicit Failure(Report report);
  Failure(ExitCode code, std::string what, std::string where, std::string state, std::string next);

  [[nodiscard]] const Report& report() const noexcept { return report_; }

 private:
  Report report_;
};

/// The state of the database in every refusal that comes before the first write.
inline constexpr const char* untouched = "the database was not changed; the program was not started";
/// The same before the first connection.
inline constexpr const char* not_contacted = "the database was not contacted; the program was not started";

}  // namespace schemagate
