// Runs commands in turn, so that a noisy moment hits all of them, and prints a table of medians.
//
//   measure RUNS FILE      FILE: a line a command, NAME<tab>SHELL WORDS without quoting; the first one is the measure
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Command {
  std::string name;
  std::vector<std::string> words;
  std::vector<double> milliseconds{};
  long peak_kilobytes = 0;
};

std::vector<Command> read_commands(const char* file) {
  std::vector<Command> commands;
  std::ifstream stream{file};
  for (std::string line; std::getline(stream, line);) {
    Command command{.name = line.substr(0, line.find('\t')), .words = {}};
    std::istringstream words{line.substr(line.find('\t') + 1)};
    for (std::string word; words >> word;) command.words.push_back(word);
    commands.push_back(command);
  }
  return commands;
}

/// The kernel counts our own memory at the time of the spawn into the child's peak, so we stay small and static.
void run(Command& command) {
  std::vector<char*> arguments;
  for (std::string& word : command.words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const auto start = std::chrono::steady_clock::now();
  pid_t pid = -1;
  int status = 0;
  rusage usage{};
  if (posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) == 0)
    wait4(pid, &status, 0, &usage);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  posix_spawn_file_actions_destroy(&actions);
  if (pid < 0 || status != 0) {
    std::fprintf(stderr, "measure: %s failed\n", command.name.c_str());
    std::exit(1);
  }
  command.milliseconds.push_back(took.count());
  command.peak_kilobytes = std::max(command.peak_kilobytes, usage.ru_maxrss);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 64;
  std::vector<Command> commands = read_commands(arguments[2]);
  const int runs = std::atoi(arguments[1]);
  for (int i = 0; i < runs; ++i)
    for (Command& command : commands) run(command);
  std::printf("%-34s %10s %10s %8s %10s\n", "", "median ms", "min ms", "ratio", "peak kB");
  for (const Command& command : commands)
    std::printf("%-34s %10.2f %10.2f %8.2f %10ld\n", command.name.c_str(), median(command.milliseconds),
                *std::ranges::min_element(command.milliseconds),
                median(command.milliseconds) / median(commands[0].milliseconds), command.peak_kilobytes);
}
