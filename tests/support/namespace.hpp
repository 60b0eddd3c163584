#pragma once

#include <unistd.h>

#include <string>
#include <vector>

#include "support/process.hpp"

namespace support {

/// What starts a command in namespaces of its own after the shell commands in `setup`. `options` are unshare's.
///
/// unshare's own way to keep mounts from spreading fails where / is not a mount, as in a chroot; there nothing spreads.
inline std::vector<std::string> in_namespace(const std::vector<std::string>& options, const std::string& setup) {
  std::vector<std::string> all{"unshare", "--mount", "--propagation", "unchanged"};
  if (::geteuid() != 0) all.emplace_back("--map-root-user");
  all.insert(all.end(), options.begin(), options.end());
  const std::string script = "mount --make-rprivate / 2>/dev/null; set -e; " + setup + "; exec \"$@\"";
  all.insert(all.end(), {"sh", "-c", script, "sh"});
  return all;
}

/// PID 1 of a new PID namespace, as in a container.
inline std::vector<std::string> as_first_process() {
  return in_namespace({"--pid", "--fork"}, "mount -t proc proc /proc");
}

/// The command for a process that sees an empty /etc, filled by the shell script `setup`, as an image made from
/// scratch.
inline std::vector<std::string> with_own_etc(const std::string& setup, const std::vector<std::string>& command) {
  std::vector<std::string> all = in_namespace({}, "mount -t tmpfs none /etc; " + setup);
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

}  // namespace support
