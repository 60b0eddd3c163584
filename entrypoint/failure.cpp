#include "failure.hpp"

#include <utility>

namespace schemagate {

Failure::Failure(Report report) : std::runtime_error{report.what}, report_{std::move(report)} {}

Failure::Failure(ExitCode code, std::string what, std::string where, std::string state, std::string next)
    : Failure{Report{.code = static_cast<int>(code),
                     .what = std::move(what),
                     .where = std::move(where),
                     .state = std::move(state),
                     .next = std::move(next)}} {}

}  // namespace schemagate
