// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/answer.h"

#include <string>

namespace cpprof::symbolize {

void Answerer::Complete(uint64_t address, std::vector<Frame>* frames) {
  if (style_ == AnswerStyle::kExact) {
    CompleteExactly(address, frames);
  } else {
    CompleteAsAddr2line(address, frames);
  }
}

void Answerer::CompleteExactly(uint64_t address, std::vector<Frame>* frames) {
  const std::string_view known = frames->empty() ? std::string_view() : frames->back().function;
  const elf::Symbol* symbol = symbols_.FunctionAt(address, known);
  if (symbol == nullptr) return;
  if (frames->empty()) frames->push_back({.file = symbol->file});
  // The symbol says more: clone suffixes, and namespaces of what is not exported.
  // A version behind the name ("read@@GLIBC_2.2.5") is the linker's business.
  frames->back().function = symbol->name.substr(0, symbol->name.find('@'));
}

void Answerer::CompleteAsAddr2line(uint64_t address, std::vector<Frame>* frames) {
  if (frames->empty()) {
    const elf::Symbol* symbol = symbols_.NearestFunction(address);
    if (symbol == nullptr) return;
    frames->push_back({.function = symbol->name, .file = symbol->file});
  } else {
    NameInnermost(address, &frames->front());
    for (size_t i = 1; i < frames->size(); ++i) RenameKnown(&(*frames)[i]);
  }
  // The reference prefers nm's name of the real function when it is longer by two or more; nm knows
  // the file itself only.
  const elf::Symbol* nearest = own_.Nearest(address);
  std::string_view& outermost = frames->back().function;
  if (nearest != nullptr && nearest->name.size() > outermost.size() + 1) outermost = nearest->name;
  for (Frame& frame : *frames) {
    frame.column = 0;
    frame.start_line = 0;
    // addr2line prints "FILE:?" for a missing line, and the reference takes it for a file's name.
    if (frame.line == 0) {
      const std::string file(frame.file.empty() ? "??" : frame.file);
      frame.file = strings_->View(strings_->Intern(file + ":?"));
    }
  }
}

void Answerer::NameInnermost(uint64_t address, Frame* frame) {
  if (frame->linkage) return;
  if (frame->instance != 0 && !looked_up_.insert(frame->instance).second) {
    RenameKnown(frame);
    return;
  }
  const elf::Symbol* symbol = symbols_.NearestFunction(address);
  if (symbol == nullptr) return;
  frame->function = symbol->name;
  if (frame->instance != 0 && symbol->address == frame->entry) {
    renamed_[frame->instance] = symbol->name;
  }
}

void Answerer::RenameKnown(Frame* frame) const {
  if (const auto known = renamed_.find(frame->instance); known != renamed_.end()) {
    frame->function = known->second;
  }
}

}  // namespace cpprof::symbolize
