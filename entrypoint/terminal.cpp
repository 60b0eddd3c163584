#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::size_t usual_columns = 80;

std::size_t columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual_columns;
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

std::string one_line(std::string_view text, std::size_t columns) {
  std::string line = printable(text);
  std::ranges::replace(line, '\n', ' ');
  std::ranges::replace(line, '\t', ' ');
  std::size_t left = columns;
  const auto end = std::ranges::find_if(line, [&](char c) { return begins_character(c) && left-- == 0; });
  line.erase(end, line.end());
  return line;
}

void TerminalLine::draw(std::string_view text) {
  // One column stays free: a character in the last one may wrap, and then \r does not lead back.
  const std::string line = one_line(text, columns() - 1);
  const std::size_t width = characters(line);
  print("\r" + line + std::string(drawn_ > width ? drawn_ - width : 0, ' '));
  drawn_ = std::max(drawn_, width);
}

void TerminalLine::erase() {
  if (drawn_ > 0) print("\r" + std::string(drawn_, ' ') + "\r");
  drawn_ = 0;
}

}  // namespace schemagate
