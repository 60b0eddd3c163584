#pragma once

#include <string>
#include <vector>

#include "forecast/forecast.hpp"

namespace schemagate {

/// What a claim on one relation locks: it, what inherits from it, and what keys, views and partitions connect with it.
class Reach {
 public:
  explicit Reach(const Facts& facts) : facts_{facts} {}

  /// Nothing for 0 and for what was not asked about.
  [[nodiscard]] const Relation* known(Oid oid) const;

  void lock(const Relation& relation, LockMode mode, Work work, bool waits, Step& step) const;
  /// `work`: on the relation itself.
  void lock_all(const Claim& claim, const Relation& relation, Work work, Step& step) const;

 private:
  void lock_alone(const Relation& relation, Work work, Step& step) const;
  void lock_tree(const Relation& relation, const Claim& claim, Work work, Step& step) const;
  void lock_referred(const Relation& relation, const std::string& column, Work work, Step& step) const;
  void lock_referring(const Relation& relation, const std::vector<std::string>& columns, Work work, Step& step) const;
  void lock_views(const Relation& relation, Step& step) const;
  void lock_column(const Claim& claim, const Relation& relation, Work work, Step& step) const;
  void lock_constraint(const Claim& claim, const Relation& relation, Step& step) const;
  void lock_dropped(const Claim& claim, const Relation& relation, Step& step) const;

  const Facts& facts_;
};

}  // namespace schemagate
