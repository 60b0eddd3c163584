#pragma once

#include <cstddef>
#include <vector>

#include "schema/object.hpp"

namespace schemagate {

/// Takes a description as it comes, in any order. What is as expected is only ticked off: mostly that is everything,
/// and then nothing is left to sort and compare once the last row is there.
class Tally {
 public:
  /// Null when nothing is expected; else it must outlive this.
  explicit Tally(const Description* expected = nullptr);

  void add(Object object);

  /// Whether every expected object came, each as it should be, and no other.
  [[nodiscard]] bool complete() const { return expected_ != nullptr && others_.empty() && left_ == 0; }

  /// All that came, sorted.
  [[nodiscard]] Description all() &&;

 private:
  const Description* expected_;
  std::vector<bool> came_;  ///< of the expected
  std::size_t left_;
  Description others_;
};

}  // namespace schemagate
