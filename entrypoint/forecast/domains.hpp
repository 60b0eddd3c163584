#pragma once

#include <map>
#include <string>

#include "migrations/facts.hpp"

namespace schemagate {

/// Types whose new columns have their rows written anew, because each value has to be made or checked
/// (ATExecAddColumn in src/backend/commands/tablecmds.c).
class Domains {
 public:
  explicit Domains(const Facts& facts) : facts_{facts} {}

  /// With its schema. `filled`: the column has a default of its own.
  [[nodiscard]] bool rewrites(const std::string& type, bool filled) const;

  [[nodiscard]] bool knows(const std::string& type) const;
  /// CREATE TYPE, CREATE DOMAIN, DROP: nothing is left of what had this name.
  void forget(const std::string& type) { pending_[type] = Type{}; }
  /// CREATE DOMAIN, ALTER DOMAIN: it has these from here on, besides what it and the type `base` had.
  void change(const std::string& domain, const std::string& base, const Type& added);
  void rename(const std::string& from, const std::string& to);

 private:
  [[nodiscard]] Type find(const std::string& type) const;

  const Facts& facts_;
  std::map<std::string, Type> pending_;
};

/// Whether it makes a type, or gives a domain a constraint or a default.
[[nodiscard]] bool shapes_type(const Claim& claim);

/// `public.email` of `public . email (20)`; empty for an array, which checks nothing.
[[nodiscard]] std::string bare_type(const std::string& written);

}  // namespace schemagate
