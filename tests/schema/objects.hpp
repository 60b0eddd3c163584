#pragma once

#include <string>
#include <vector>

#include "schema/object.hpp"

namespace schemagate {

/// Objects as the catalogs describe them: a line each.
inline Description described(const std::vector<std::string>& lines) {
  Description objects;
  for (const std::string& line : lines) objects.push_back(parse_object(line));
  sort(objects);
  return objects;
}

}  // namespace schemagate
