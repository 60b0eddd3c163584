#include "server/dump.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <optional>

namespace schemagate {
namespace {

std::optional<rlim_t> found;

void set_soft_limit(rlim_t size) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = size;
  ::setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace

void forbid_dumps() {
  if (rlimit limit{}; ::getrlimit(RLIMIT_CORE, &limit) == 0) found = limit.rlim_cur;
  set_soft_limit(0);
  ::prctl(PR_SET_DUMPABLE, 0);
}

void restore_dumps() {
  if (found) set_soft_limit(*found);
}

}  // namespace schemagate
