#include "forecast/names.hpp"

#include "migrations/claim.hpp"

namespace schemagate {
namespace {

/// 'a', "A" or a: in SET all are the same name.
std::string schema_of(const std::string& written, const std::string& role) {
  if (written.size() >= 2 && written.starts_with('\'')) return written.substr(1, written.size() - 2);
  const std::string name = folded(written);
  return name == "$user" ? role : name;
}

}  // namespace

Names::Names(const Facts& facts) : facts_{facts}, path_{facts.path} {
  for (const auto& [oid, relation] : facts.relations) relations_[{relation.schema, relation.name}] = oid;
}

std::string Names::home() const {
  for (const std::string& schema : path_)
    if (!schema.starts_with("pg_")) return schema;
  return "public";
}

std::optional<Names::Key> Names::key(const std::string& written) const {
  const auto [schema, name] = parts(written);
  if (!schema.empty()) return relations_.contains({schema, name}) ? std::optional{Key{schema, name}} : std::nullopt;
  for (const std::string& searched : path_)
    if (relations_.contains({searched, name})) return Key{searched, name};
  return std::nullopt;
}

std::optional<Oid> Names::find(const std::string& written) const {
  const std::optional<Key> found = key(written);
  return found ? std::optional{relations_.at(*found)} : std::nullopt;
}

void Names::make(const std::string& written) {
  const auto [schema, name] = parts(written);
  relations_[{schema.empty() ? home() : schema, name}] = fresh;
}

void Names::drop(const std::string& written) {
  if (const std::optional<Key> found = key(written)) relations_.erase(*found);
}

void Names::rename(const std::string& written, const std::string& to) {
  const std::optional<Key> found = key(written);
  if (!found) return;
  const Oid oid = relations_.at(*found);
  relations_.erase(*found);
  relations_[{found->first, folded(to)}] = oid;
}

void Names::search(const std::vector<std::string>& schemas) {
  if (schemas.empty()) {
    path_ = facts_.path;
    return;
  }
  path_ = {"pg_catalog"};
  for (const std::string& schema : schemas) path_.push_back(schema_of(schema, facts_.role));
}

std::string Names::full(const std::string& written) const {
  const auto [schema, name] = parts(written);
  if (!schema.empty()) return schema + "." + name;
  const std::optional<Key> found = key(written);
  return (found ? found->first : home()) + "." + name;
}

}  // namespace schemagate
