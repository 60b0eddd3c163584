#include "schema/tally.hpp"

#include <utility>

namespace schemagate {

Tally::Tally(const Description* expected)
    : expected_{expected}, came_(expected == nullptr ? 0 : expected->size()), left_{came_.size()} {}

void Tally::add(Object object) {
  const Object* same = expected_ == nullptr ? nullptr : find(*expected_, object.kind, object.identity);
  const std::size_t at = same == nullptr ? 0 : static_cast<std::size_t>(same - expected_->data());
  if (same == nullptr || came_[at] || *same != object) return others_.push_back(std::move(object));
  came_[at] = true;
  --left_;
}

Description Tally::all() && {
  Description result = std::move(others_);
  for (std::size_t at = 0; at < came_.size(); ++at)
    if (came_[at]) result.push_back((*expected_)[at]);
  sort(result);
  return result;
}

}  // namespace schemagate
