#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace support {

using Variables = std::map<std::string, std::string>;

/// How a run ended.
struct Ran {
  int code = 0;  ///< exit code, or 128 + n when signal n killed it
  std::string out;
  std::string err;
};

/// A child with its output collected. Killed when it goes out of scope.
class Running {
 public:
  /// Nothing of our environment is passed on but PATH (and sanitizer options), unless `variables` names it.
  /// `prepare` is called in the child just before exec, and may exec in another way.
  Running(const std::vector<std::string>& command, const Variables& variables,
          const std::function<void()>& prepare = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Until the text stands on stderr; false when the process ended or 20 s passed before.
  bool wait_for(const std::string& text);
  bool wait_for(const std::regex& text);
  /// Collects the rest; after 60 s the process is killed and the test fails.
  Ran finish();

 private:
  bool wait_until(const std::function<bool(const std::string&)>& said);
  bool read_some(std::chrono::milliseconds limit);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  bool ended_ = false;
  bool is_ours_ = false;
  bool starts_program_ = false;
  Ran ran_;
};

/// Any program.
Ran run(const std::vector<std::string>& command, const Variables& variables = {});

/// The binary under test. What it prints is kept for the search for secrets, and searched here at once.
Ran schemagate(const std::vector<std::string>& arguments, const Variables& variables);
/// Path of the binary under test.
std::string binary();
/// The build folder, which ctest names; fails the test when run by hand without SCHEMAGATE_BUILD.
std::string build_folder();
/// Keeps stderr of a run that was started by hand as Running.
void keep(const Ran& ran);

}  // namespace support
