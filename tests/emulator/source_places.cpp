#include "source_places.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>
#include <vector>

namespace tl::emulator {
namespace {

/// The lines that addr2line prints for an address: function and place of each function that was inlined, the innermost
/// first; empty if it cannot be run.
std::vector<std::string> ask_addr2line(const void* address, bool inlined) {
  Dl_info file{};
  if (dladdr(address, &file) == 0 || file.dli_fname == nullptr) return {};
  // Addresses in a file of a position-independent program begin at 0, in others where the linker put them.
  auto offset = reinterpret_cast<std::uintptr_t>(address);
  if (reinterpret_cast<std::uintptr_t>(file.dli_fbase) > 0x400000)
    offset -= reinterpret_cast<std::uintptr_t>(file.dli_fbase);
  const std::string path = std::filesystem::exists(file.dli_fname) ? file.dli_fname : "/proc/self/exe";
  std::ostringstream command;
  command << "addr2line -C -f " << (inlined ? "-i " : "") << "-e '" << path << "' 0x" << std::hex << offset
          << " 2>/dev/null";
  std::vector<std::string> lines;
  FILE* const pipe = popen(command.str().c_str(), "r");
  if (pipe == nullptr) return lines;
  std::string text;
  for (int c; (c = std::fgetc(pipe)) != EOF;) {
    if (c != '\n') {
      text += static_cast<char>(c);
      continue;
    }
    lines.push_back(std::move(text));
    text.clear();
  }
  pclose(pipe);
  return lines;
}

std::string in_program(const void* address) {
  std::ostringstream text;
  text << "address " << address;
  return text.str();
}

/// True for functions that only pass an access on: of the standard library and of the emulator's headers.
bool is_wrapper(const std::string& place) {
  return place.starts_with("/usr/") || place.find("/emulator/include/") != std::string::npos || place.starts_with("??");
}

/// Without the folder and what addr2line adds in parentheses.
std::string short_place(const std::string& place) {
  const std::string line = place.substr(0, place.find(" ("));
  return line.substr(line.rfind('/') + 1);
}

}  // namespace

std::string place_of_call(const void* return_address) {
  static std::map<const void*, std::string> known;
  const auto found = known.find(return_address);
  if (found != known.end()) return found->second;
  const auto lines = ask_addr2line(static_cast<const char*>(return_address) - 1, true);
  std::string place = in_program(return_address);
  for (std::size_t i = 1; i < lines.size(); i += 2)
    if (!is_wrapper(lines[i])) {
      place = short_place(lines[i]);
      break;
    }
  return known[return_address] = place;
}

std::string function_name(const void* function) {
  static std::map<const void*, std::string> known;
  const auto found = known.find(function);
  if (found != known.end()) return found->second;
  const auto lines = ask_addr2line(function, false);
  std::string name = lines.empty() || lines[0] == "??" ? in_program(function) : lines[0];
  if (name.starts_with("void ")) name.erase(0, 5);
  const std::size_t unnamed = name.find("(anonymous namespace)::");
  if (unnamed != std::string::npos) name.erase(unnamed, std::string("(anonymous namespace)::").size());
  return known[function] = name.substr(0, name.find('('));
}

}  // namespace tl::emulator
