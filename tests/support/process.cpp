#include "support/process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/database.hpp"

namespace support {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe2"};
  }
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> block(const Variables& variables) {
  Variables all = variables;
  for (const char* name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name); value != nullptr) all.try_emplace(name, value);
  std::vector<std::string> result;
  for (const auto& [name, value] : all) result.emplace_back(name).append("=").append(value);
  return result;
}

/// False at the end of the stream.
bool take(int& descriptor, std::string& text) {
  std::array<char, 65536> part{};
  const ssize_t length = ::read(descriptor, part.data(), part.size());
  if (length > 0) text.append(part.data(), static_cast<std::size_t>(length));
  if (length > 0) return true;
  ::close(descriptor);
  descriptor = -1;
  return false;
}

}  // namespace

std::string build_folder() {
  const char* folder = std::getenv("SCHEMAGATE_BUILD");
  if (folder == nullptr) throw std::runtime_error{"SCHEMAGATE_BUILD is not set: run these tests with ctest"};
  return folder;
}

std::string binary() { return build_folder() + "/schemagate"; }

Running::Running(const std::vector<std::string>& command, const Variables& variables,
                 const std::function<void()>& prepare) {
  const Pipe out;
  const Pipe err;
  const std::vector<std::string> strings = block(variables);
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> environment = pointers(strings);
  is_ours_ = !command.empty() && command[0] == binary();
  starts_program_ = std::ranges::find(command, "--") != command.end();
  pid_ = ::fork();
  if (pid_ == 0) {
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    ::close(null);
    ::dup2(out.ends[1], STDOUT_FILENO);
    ::dup2(err.ends[1], STDERR_FILENO);
    if (prepare) prepare();
    ::execvpe(arguments[0], arguments.data(), environment.data());
    ::_exit(125);
  }
  ::close(out.ends[1]);
  ::close(err.ends[1]);
  out_ = out.ends[0];
  err_ = err.ends[0];
}

Running::~Running() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (const int descriptor : {out_, err_})
    if (descriptor >= 0) ::close(descriptor);
}

void Running::signal(int number) const { ::kill(pid_, number); }

bool Running::read_some(std::chrono::milliseconds limit) {
  std::array<pollfd, 2> watched{pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}};
  if (::poll(watched.data(), watched.size(), static_cast<int>(limit.count())) <= 0) return out_ >= 0 || err_ >= 0;
  if (watched[0].revents != 0) take(out_, ran_.out);
  if (watched[1].revents != 0) take(err_, ran_.err);
  return out_ >= 0 || err_ >= 0;
}

bool Running::wait_until(const std::function<bool(const std::string&)>& said) {
  const auto end = Clock::now() + std::chrono::seconds{20};
  while (!said(ran_.err))
    if (Clock::now() > end || !read_some(std::chrono::milliseconds{50})) return said(ran_.err);
  return true;
}

bool Running::wait_for(const std::string& text) {
  return wait_until([&](const std::string& err) { return err.find(text) != std::string::npos; });
}

bool Running::wait_for(const std::regex& text) {
  return wait_until([&](const std::string& err) { return std::regex_search(err, text); });
}

Ran Running::finish() {
  const auto end = Clock::now() + std::chrono::seconds{60};
  while (read_some(std::chrono::milliseconds{100}))
    if (Clock::now() > end) {
      ::kill(pid_, SIGKILL);
      FAIL_CHECK("a process did not end within 60 s; its stderr: " << ran_.err);
      break;
    }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  ended_ = true;
  ran_.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (is_ours_) {
    keep(ran_);
    // What a program prints may well be its secret.
    if (!starts_program_) keep(Ran{.code = 0, .out = {}, .err = ran_.out});
  }
  return ran_;
}

Ran run(const std::vector<std::string>& command, const Variables& variables) {
  return Running{command, variables}.finish();
}

void keep(const Ran& ran) {
  static std::atomic<int> number{0};
  const std::filesystem::path folder = build_folder() + "/server/output";
  std::filesystem::create_directories(folder);
  std::ofstream{folder / (std::to_string(::getpid()) + "." + std::to_string(++number))} << ran.err;
  CHECK_MESSAGE(ran.err.find(server().at("SERVER_PASSWORD")) == std::string::npos, "the password was printed");
}

Ran schemagate(const std::vector<std::string>& arguments, const Variables& variables) {
  std::vector<std::string> command{binary()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command, variables);
}

}  // namespace support
