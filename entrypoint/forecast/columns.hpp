#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "forecast/forecast.hpp"

namespace schemagate {

[[nodiscard]] std::string full_name(const Relation& relation);

/// What an earlier notice comes to after all, by its key.
using Restored = std::map<std::string, Notice>;

/// What columns are like while the pending statements run one after the other.
class Columns {
 public:
  /// Nothing when there is none.
  [[nodiscard]] const Column* find(const Relation& relation, const std::string& name) const;
  /// Of a claim on a column, before it changes it; nothing when the claim says all.
  [[nodiscard]] std::optional<Notice> notice(const Claim& claim, const Relation& relation) const;
  void change(const Claim& claim, const Relation& relation, Restored& restored);

 private:
  void alter(const Claim& claim, const Relation& relation, Restored& restored);
  void put(const Relation& relation, const std::string& name, const Column& column, Restored& restored);
  void remove(const Relation& relation, const std::string& name);

  std::map<std::pair<Oid, std::string>, std::optional<Column>> changed_;
};

/// Of an earlier notice on this column: `default`, `null`, `column`.
[[nodiscard]] std::string column_key(const char* of, const Relation& relation, const std::string& name);
/// `from` becomes `to`.
[[nodiscard]] Notice type_notice(const std::string& from, const std::string& to, const std::string& object);

}  // namespace schemagate
