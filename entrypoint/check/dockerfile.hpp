#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemagate {

/// An instruction of a Dockerfile, on one line.
struct Instruction {
  std::size_t line = 0;            ///< where it begins, from 1
  std::string name;                ///< upper case
  std::vector<std::string> flags;  ///< `--from=build`
  std::vector<std::string> words;  ///< a JSON array's elements, else between blanks; without here-documents
  std::string text;                ///< all behind the name
};

/// Comments, continued lines, `# escape=`, here-documents and JSON arrays as BuildKit reads them; what is no
/// instruction is left to Docker. Source: moby/buildkit, frontend/dockerfile/parser.
[[nodiscard]] std::vector<Instruction> read_dockerfile(std::string_view text);

using Arguments = std::map<std::string, std::string>;  ///< of ARG and ENV

/// Without quotes, with `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+word}` filled in; nothing when a name is
/// not known.
[[nodiscard]] std::optional<std::string> expanded(std::string_view word, const Arguments& arguments);

}  // namespace schemagate
