#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "migrations/facts.hpp"

namespace schemagate {

/// What names mean while the pending statements run one after the other.
class Names {
 public:
  /// Of a relation that an earlier pending statement makes.
  static constexpr Oid fresh = 0;

  explicit Names(const Facts& facts);

  /// Nothing when there is none.
  [[nodiscard]] std::optional<Oid> find(const std::string& written) const;
  void make(const std::string& written);
  void drop(const std::string& written);
  void rename(const std::string& written, const std::string& to);
  /// As SET search_path has it; empty for the first one again.
  void search(const std::vector<std::string>& schemas);

  /// With the schema that a new relation of this name gets: `public.users`.
  [[nodiscard]] std::string full(const std::string& written) const;
  [[nodiscard]] std::string home() const;
  /// Schemas, in the order in which they are searched.
  [[nodiscard]] const std::vector<std::string>& path() const { return path_; }

 private:
  using Key = std::pair<std::string, std::string>;
  [[nodiscard]] std::optional<Key> key(const std::string& written) const;

  const Facts& facts_;
  std::vector<std::string> path_;
  std::map<Key, Oid> relations_;
};

}  // namespace schemagate
