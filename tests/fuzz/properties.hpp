#pragma once

#include <string>

namespace schemagate {

/// What is true of the parts of every script, however broken; aborts when it is not.
void check_script(const std::string& script);

}  // namespace schemagate
