#pragma once

#include <optional>
#include <string>

#include "failure.hpp"
#include "forecast/report.hpp"

namespace schemagate {

/// One object in one line.
[[nodiscard]] std::string forecast_json(const Forecast& forecast, const Scene& scene,
                                        const std::optional<Report>& refusal);

}  // namespace schemagate
