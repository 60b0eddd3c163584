#pragma once

#include <string_view>

namespace schemagate {

/// What a command was asked for, on stdout, without secrets.
void print(std::string_view text);

}  // namespace schemagate
