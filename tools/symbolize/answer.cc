// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/answer.h"

#include <string>

namespace cpprof::symbolize {

void Answerer::Complete(Facts* facts) {
  if (style_ == AnswerStyle::kExact) {
    CompleteExactly(facts);
  } else {
    CompleteAsAddr2line(facts);
  }
}

void Answerer::CompleteExactly(Facts* facts) {
  std::vector<Frame>& frames = facts->frames;
  if (facts->has_function) {
    if (frames.empty()) frames.push_back({.file = facts->function_file});
    // The symbol says more: clone suffixes, and namespaces of what is not exported.
    // A version behind the name ("read@@GLIBC_2.2.5") is the linker's business.
    frames.back().function = facts->function.substr(0, facts->function.find('@'));
  }
  // So the C library calls itself where it must not be intercepted: __GI_fwrite is fwrite.
  constexpr std::string_view kInternal = "__GI_";
  for (Frame& frame : frames) {
    if (frame.function.starts_with(kInternal)) frame.function.remove_prefix(kInternal.size());
  }
}

void Answerer::CompleteAsAddr2line(Facts* facts) {
  std::vector<Frame>& frames = facts->frames;
  if (frames.empty()) {
    if (!facts->has_nearest) return;
    frames.push_back({.function = facts->nearest_function, .file = facts->nearest_file});
  } else {
    NameInnermost(*facts, &frames.front());
    for (size_t i = 1; i < frames.size(); ++i) RenameKnown(&frames[i]);
  }
  // The reference prefers nm's name of the real function when it is longer by two or more; nm knows
  // the file itself only.
  std::string_view& outermost = frames.back().function;
  if (facts->has_own && facts->nearest_own.size() > outermost.size() + 1) {
    outermost = facts->nearest_own;
  }
  for (Frame& frame : frames) {
    frame.column = 0;
    frame.start_line = 0;
    // addr2line prints "FILE:?" for a missing line, and the reference takes it for a file's name.
    if (frame.line == 0) {
      const std::string file(frame.file.empty() ? "??" : frame.file);
      frame.file = strings_->View(strings_->Intern(file + ":?"));
    }
  }
}

void Answerer::NameInnermost(const Facts& facts, Frame* frame) {
  if (frame->linkage) return;
  if (frame->instance != 0 && !looked_up_.insert(frame->instance).second) {
    RenameKnown(frame);
    return;
  }
  if (!facts.has_nearest) return;
  frame->function = facts.nearest_function;
  if (frame->instance != 0 && facts.nearest_address == frame->entry) {
    renamed_[frame->instance] = facts.nearest_function;
  }
}

void Answerer::RenameKnown(Frame* frame) const {
  if (const auto known = renamed_.find(frame->instance); known != renamed_.end()) {
    frame->function = known->second;
  }
}

}  // namespace cpprof::symbolize
