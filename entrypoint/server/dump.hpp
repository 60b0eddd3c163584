#pragma once

namespace schemagate {

/// Until an exec nobody of our user can look into our memory or our environment, as a migration's COPY … FROM PROGRAM
/// on a throw-away server could, and no core file holds what is in them: prctl(2), PR_SET_DUMPABLE, and core(5), whose
/// limit becomes 0 besides, because a kernel can be told to dump anyway (fs.suid_dumpable).
void forbid_dumps();

/// For whom we become: its soft limit of core files as it was found. The exec undoes the rest.
void restore_dumps();

}  // namespace schemagate
