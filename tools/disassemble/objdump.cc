// SPDX-License-Identifier: Apache-2.0
#include "tools/disassemble/objdump.h"

#include <re2/re2.h>

#include "tools/base/path.h"
#include "tools/base/process.h"
#include "tools/base/strings.h"
#include "tools/symbolize/tool_search.h"

namespace cpprof::disassemble {
namespace {

// Reading the debug information of a large program takes the GNU tool a minute; the code of one
// function is kilobytes.
constexpr RunLimits kLimits = {.time = std::chrono::seconds(300),
                               .output_bytes = size_t{512} * 1024 * 1024};
constexpr RunLimits kVersionLimits = {.time = std::chrono::seconds(30),
                                      .output_bytes = size_t{1024} * 1024};

// Older ones do not know the options we need.
constexpr int kOldestLlvm = 8;

// A relative name could be an option ("-h") or a file of options ("@x") to objdump.
std::string PlainFileName(const std::string& file) {
  return IsAbsolutePath(file) ? file : "./" + file;
}

std::string HexOption(const char* name, uint64_t address) {
  return StrFormat("--%s=0x%llx", name, static_cast<unsigned long long>(address));
}

}  // namespace

std::string_view KindOfObjdump(std::string_view version_text) {
  static const re2::RE2 llvm_version(R"(LLVM version (?:([0-9]+)\.|.*trunk))");
  std::string major;
  if (re2::RE2::PartialMatch(re2::StringPiece(version_text.data(), version_text.size()),
                             llvm_version, &major)) {
    const std::optional<int64_t> number = ParseInt(major);
    return major.empty() || (number && *number >= kOldestLlvm) ? "llvm" : "";
  }
  return version_text.find("GNU objdump") != std::string_view::npos ? "gnu" : "";
}

Status Objdump::Find() {
  if (program_) return Status::Ok();
  for (const char* name : {"llvm-objdump", "objdump"}) {
    const std::optional<std::string> path = symbolize::FindTool(name, tools_option_);
    if (!path) continue;
    const Result<std::string> version = RunProgramWithin({*path, "--version"}, kVersionLimits);
    if (!version.ok()) continue;
    const std::string_view kind = KindOfObjdump(*version);
    if (kind.empty()) continue;
    program_ = Program{.path = *path, .is_llvm = kind == "llvm"};
    return Status::Ok();
  }
  return Status::Error(
      "cannot disassemble: neither llvm-objdump nor objdump was found (install the package "
      "binutils, or say with -tools where it is)");
}

Result<std::vector<Instruction>> Objdump::Disassemble(const std::string& file, uint64_t begin,
                                                      uint64_t end, bool intel_syntax) {
  Status found = Find();
  if (!found.ok()) return found;
  std::vector<std::string> arguments = {program_->path,
                                        "--disassemble",
                                        "--demangle",
                                        "--no-show-raw-insn",
                                        "--line-numbers",
                                        HexOption("start-address", begin),
                                        HexOption("stop-address", end)};
  if (intel_syntax && program_->is_llvm) {
    arguments.emplace_back("--x86-asm-syntax=intel");
  } else if (intel_syntax) {
    arguments.insert(arguments.end(), {"-M", "intel"});
  }
  arguments.push_back(PlainFileName(file));
  const Result<std::string> text = RunProgramWithin(arguments, kLimits);
  if (!text.ok()) return text.status().Annotate("disassembling " + file + ": " + program_->path);
  return ReadListing(*text);
}

}  // namespace cpprof::disassemble
