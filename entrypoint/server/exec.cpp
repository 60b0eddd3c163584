#include "server/exec.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "failure.hpp"
#include "server/dump.hpp"

namespace schemagate {
namespace {

// glibc's execvp looks here when PATH is unset (execvp(3)).
constexpr const char* default_path = "/bin:/usr/bin";

bool is_folder(const std::string& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

[[noreturn]] void not_found(const std::string& name, const std::string& where) {
  throw Failure{ExitCode::not_found, fmt::format("the program {} does not exist", name), where, not_contacted,
                "correct CMD in the Dockerfile (or args in the orchestrator), or add the program to the image"};
}

[[noreturn]] void not_executable(const std::string& file, const std::string& reason, const std::string& culprit) {
  throw Failure{ExitCode::not_executable, fmt::format("the program {} cannot be executed: {}", file, reason), file,
                not_contacted, fmt::format("chmod +x {}, or name another program in CMD", culprit)};
}

[[noreturn]] void not_executable(const std::string& file, const std::string& reason) {
  not_executable(file, reason, file);
}

bool is_elf(const std::string& file) {
  std::array<char, SELFMAG> magic{};
  std::ifstream{file, std::ios::binary}.read(magic.data(), magic.size());
  return std::string_view{magic.data(), magic.size()} == ELFMAG;
}

bool is_elf64(const Elf64_Ehdr& header) {
  return header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
         header.e_phentsize == sizeof(Elf64_Phdr);
}

[[noreturn]] void no_interpreter(const std::string& file, const std::string& interpreter, bool carriage_return) {
  throw Failure{ExitCode::not_found,
                fmt::format("the program {} needs the interpreter {}{}", file, interpreter,
                            carriage_return ? " followed by a carriage return" : ", which does not exist"),
                file + ":1", not_contacted,
                carriage_return ? "save the script with LF line ends"
                                : "correct its first line, or add the interpreter to the image"};
}

/// A script whose interpreter is missing fails with ENOENT, which reads as if the script were missing.
void require_interpreter(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  std::string line;
  if (stream.get() != '#' || stream.get() != '!' || !std::getline(stream, line)) return;
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos) return;
  const std::string interpreter = line.substr(begin, line.find_first_of(" \t\r", begin) - begin);
  const bool carriage_return = line.ends_with('\r');
  if (::access(interpreter.c_str(), F_OK) != 0 || carriage_return) no_interpreter(file, interpreter, carriage_return);
  if (is_folder(interpreter) || ::access(interpreter.c_str(), X_OK) != 0)
    not_executable(file, fmt::format("its interpreter {} is not executable", interpreter), interpreter);
}

template <typename T>
bool read_at(std::ifstream& stream, std::uint64_t offset, T& object) {
  stream.seekg(static_cast<std::streamoff>(offset));
  return static_cast<bool>(stream.read(reinterpret_cast<char*>(&object), sizeof object));
}

/// The dynamic loader that a 64-bit program names; empty for a static one and for what is no such program (elf(5)).
std::string loader(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  Elf64_Ehdr header{};
  if (!is_elf(file) || !read_at(stream, 0, header) || !is_elf64(header)) return {};
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part{};
    if (!read_at(stream, header.e_phoff + i * sizeof part, part)) return {};
    if (part.p_type != PT_INTERP) continue;
    std::array<char, 256> path{};
    stream.seekg(static_cast<std::streamoff>(part.p_offset));
    stream.read(path.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(part.p_filesz, path.size() - 1)));
    return path.data();
  }
  return {};
}

/// The same for a program that was built for another system: it would be found out only after migrating.
void require_loader(const std::string& file) {
  const std::string path = loader(file);
  if (path.empty() || ::access(path.c_str(), F_OK) == 0) return;
  throw Failure{
      ExitCode::not_found, fmt::format("the program {} needs the dynamic loader {}, which does not exist", file, path),
      file, not_contacted,
      "it was built for another system (glibc where the image has musl, or the reverse): build it for this one"};
}

std::string checked(const std::string& file) {
  if (is_folder(file)) not_executable(file, "it is a folder");
  if (::access(file.c_str(), X_OK) != 0) not_executable(file, std::strerror(errno));
  require_interpreter(file);
  require_loader(file);
  return file;
}

std::vector<std::string> search_path(const std::string& path) {
  std::vector<std::string> folders;
  for (std::size_t begin = 0;;) {
    const std::size_t end = path.find(':', begin);
    const std::string folder = path.substr(begin, end - begin);
    folders.push_back(folder.empty() ? "." : folder);
    if (end == std::string::npos) return folders;
    begin = end + 1;
  }
}

/// The first executable one, else the first that exists, as execvp reports EACCES only at the end.
std::optional<std::string> search(const std::string& name, const std::string& path) {
  std::optional<std::string> found;
  for (const std::string& folder : search_path(path)) {
    const std::string file = std::filesystem::path{folder} / name;
    if (::access(file.c_str(), F_OK) != 0) continue;
    if (::access(file.c_str(), X_OK) == 0 && !is_folder(file)) return file;
    if (!found) found = file;
  }
  return found;
}

}  // namespace

Program find_program(const std::vector<std::string>& arguments, const Environment& environment) {
  const std::string& name = arguments.at(0);
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), F_OK) != 0 && errno != EACCES) not_found(name, name);
    return {arguments, checked(name)};
  }
  const std::string path = environment.value("PATH").value_or(default_path);
  const std::optional<std::string> file = name.empty() ? std::nullopt : search(name, path);
  if (!file) not_found(name.empty() ? "''" : name, "PATH=" + path);
  return {arguments, checked(*file)};
}

void exec_program(const Program& program, const Environment& environment, Signals& signals, const char* state) {
  std::vector<char*> arguments;
  for (const std::string& argument : program.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const std::vector<char*> block = environment.block();
  // execvpe lets /bin/sh run a script without `#!`, as every shell and tini do; a program for another machine is none.
  const auto execute = is_elf(program.file) ? ::execve : ::execvpe;
  signals.restore_for_exec();
  restore_dumps();
  execute(program.file.c_str(), arguments.data(), block.data());
  const int error = errno;
  throw Failure{error == ENOENT ? ExitCode::not_found : ExitCode::not_executable,
                fmt::format("the program {} cannot be executed: {}", program.file, std::strerror(error)), program.file,
                state,
                error == ENOENT ? "the file exists, so what it needs does not: its interpreter or dynamic loader is "
                                  "missing from the image (built for glibc and run on musl, or the reverse)"
                                : "check the file's format and architecture: file " + program.file};
}

}  // namespace schemagate
