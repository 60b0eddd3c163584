#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/accounts.hpp"

namespace schemagate {

/// What a keeper does.
struct Service {
  using Words = std::vector<std::string>;
  std::string folder;               ///< removed at the end; holds the `log` of all these programs
  std::vector<Words> preparations;  ///< one after the other, until one succeeds
  Words server;
  std::map<std::string, std::string> variables;  ///< all that the programs see of an environment
  std::optional<Account> account;
};

/// A process that outlives us for a moment: it starts the server, and when we end, in whatever way, it stops it and
/// removes the folder. The server is told by the kernel to stop should its keeper be killed.
class Keeper {
 public:
  /// `lock` is an open file whose flock it shares.
  Keeper(const Service& service, int lock);
  /// Waits until all is gone, but for what was left.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Readable when the keeper ends before us, because a program failed.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Why: which program, how it ended, and the last lines of the log.
  [[nodiscard]] std::string last_words() const;

  /// From now on it ends by TERM, or with the server, and not with us.
  void leave();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  int descriptor_ = -1;
  pid_t pid_ = -1;
  bool left_ = false;
};

}  // namespace schemagate
