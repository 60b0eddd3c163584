#pragma once

#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "migrations/plan.hpp"

namespace schemagate {

enum class OnPending { apply, refuse };
enum class OnAhead { refuse, compatible, allow };
enum class OnEdited { refuse, warn };

/// What the settings say about each state.
struct Policy {
  OnPending pending = OnPending::apply;
  OnAhead ahead = OnAhead::compatible;
  OnEdited edited = OnEdited::refuse;
};

/// Where the plan was made, for messages.
struct Place {
  std::string database;  ///< `app@db.example.com:5432/app`
  std::string schema;
  bool read_only = false;  ///< a standby, or a server that refuses writes
  bool sealed = false;     ///< the schema itself is compared with a snapshot afterwards
  const char* state = untouched;
};

enum class Action { start, apply, refuse };

struct Verdict {
  Action action = Action::start;
  std::vector<std::string> warnings;  ///< told once, whatever is done
  std::optional<Report> refusal;      ///< exactly when action is refuse; names every reason, not only the first
};

/// What to do about a migration that was stopped inside a statement that commits by itself.
[[nodiscard]] std::string inside_advice(const std::string& name, const std::string& place);

/// What a plan leads to. Pure: the same before the lock and under it.
[[nodiscard]] Verdict judge(const Plan& plan, const Policy& policy, const Place& place);

}  // namespace schemagate
