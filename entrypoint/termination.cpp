#include "termination.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "log.hpp"

namespace schemagate {
namespace {

// https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/: what is longer is cut by the
// kubelet, at its beginning.
constexpr std::size_t most_bytes = 4096;

constexpr std::string_view cut_here = "...";

std::string text_of(const Report& report) { return "schemagate: " + report_text(report) + "\n"; }

/// At most `size` bytes, cut between two characters.
std::string head(const std::string& text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace

std::string message_of(const Report& report) {
  std::string text = text_of(report);
  if (text.size() <= most_bytes) return text;
  const std::size_t excess = text.size() - most_bytes + cut_here.size();
  Report shorter = report;
  shorter.what = head(report.what, report.what.size() - std::min(excess, report.what.size()));
  shorter.what += cut_here;
  return head(text_of(shorter), most_bytes);
}

void leave_message(const std::string& file, const Report& report) {
  if (file == "none") return;
  // Not a pipe that nobody reads, nor a terminal that becomes ours.
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return;
  const std::string text = message_of(report);
  [[maybe_unused]] const ssize_t written = ::write(descriptor, text.data(), text.size());
  ::close(descriptor);
}

}  // namespace schemagate
