#include "forecast/domains.hpp"

#include "migrations/words.hpp"

namespace schemagate {

Type Domains::find(const std::string& type) const {
  if (const auto made = pending_.find(type); made != pending_.end()) return made->second;
  const auto found = facts_.types.find(type);
  return found == facts_.types.end() ? Type{} : found->second;
}

bool Domains::knows(const std::string& type) const { return pending_.contains(type) || facts_.types.contains(type); }

bool Domains::rewrites(const std::string& type, bool filled) const {
  const Type found = find(type);
  return found.checked || (found.moving && !filled);
}

void Domains::change(const std::string& domain, const std::string& base, const Type& added) {
  Type& known = pending_[domain] = find(domain);
  const Type below = find(base);
  known.checked = known.checked || below.checked || added.checked;
  known.moving = known.moving || below.moving || added.moving;
}

void Domains::rename(const std::string& from, const std::string& to) { pending_[to] = find(from); }

bool shapes_type(const Claim& claim) {
  const bool altered = claim.right == "TYPE" && (claim.act == Act::other || claim.act == Act::unknown);
  return altered || claim.act == Act::create_type;
}

std::string bare_type(const std::string& written) {
  Words words{written};
  return written.ends_with(']') || words.has("ARRAY") ? std::string{} : words.name();
}

}  // namespace schemagate
