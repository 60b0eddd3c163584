#pragma once

#include "gate.hpp"

namespace schemagate {

/// `schemagate plan`: what apply would run and what that comes to on this database, on stdout. Takes no migration lock
/// and writes nothing. Throws Failure where apply could not succeed: before the plan when folder and history disagree,
/// else behind it.
void foresee(const Gate& gate);

}  // namespace schemagate
