#include "database/home.hpp"

#include <unistd.h>

#include <cstdlib>

namespace schemagate {

std::string unread_passfile(const Url& url) {
  if (url.home.empty() || !url.value("passfile").empty() || std::getenv("PGPASSFILE") != nullptr) return {};
  std::string file = url.home + "/.pgpass";
  return ::access(file.c_str(), F_OK) == 0 ? file : "";
}

}  // namespace schemagate
