#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check/dockerfile.hpp"

namespace schemagate {

/// Whether a stage of a Dockerfile has a folder of the build context; what is known best is first.
enum class Landing : std::uint8_t {
  copied,
  displaced,  ///< where a start of schemagate in the last WORKDIR does not look
  flattened,  ///< `COPY folder/* there`: what is in the folders is copied, not the folders
  unknown,    ///< something may well bring it
  unlikely,   ///< something might bring it, but nothing says so
  elsewhere,  ///< a stage has it that the last one does not use: `--target` may build that one
  missing,
  no_stage,  ///< none has the name that was asked for
};

struct Landed {
  Landing how = Landing::missing;
  std::size_t line = 0;              ///< of the instruction that decided; of the last FROM when nothing did
  std::string place;                 ///< where it is in the image, as far as it is known
  std::vector<std::string> reasons;  ///< why it cannot be known
  std::string stage;                 ///< that has it elsewhere
  std::string workdir;               ///< where a start begins, when it is displaced
};

/// `folder` is relative to the build context; empty when it is the context itself. `target` names a stage; empty: the
/// last one.
[[nodiscard]] Landed landed(const std::vector<Instruction>& instructions, const std::string& folder,
                            const std::string& target = "");

}  // namespace schemagate
