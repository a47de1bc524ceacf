// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/thread_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "agent/service/text/frame_lines.h"
#include "agent/service/text/profile_text.h"
#include "agent/service/text/quoted.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;

std::string Hex(uint64_t value) {
  char text[18] = "0x";
  const auto end = std::to_chars(text + 2, text + sizeof(text), value, 16).ptr;
  return std::string(text, end);
}

std::string Plural(int64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

// Threads in deadlocks first; everything else in the order of the list.
std::vector<const ThreadEntry*> InOrder(const ThreadReport& report) {
  std::vector<const ThreadEntry*> order;
  std::vector<bool> taken(report.list.threads.size(), false);
  for (const std::vector<size_t>& circle : report.deadlocks) {
    for (const size_t i : circle) {
      order.push_back(&report.list.threads[i]);
      taken[i] = true;
    }
  }
  for (size_t i = 0; i < report.list.threads.size(); ++i) {
    if (!taken[i]) order.push_back(&report.list.threads[i]);
  }
  return order;
}

std::string_view ThingOf(hot::WaitKind kind) {
  switch (kind) {
    case hot::WaitKind::kMutex:
      return "mutex ";
    case hot::WaitKind::kRwlockRead:
    case hot::WaitKind::kRwlockWrite:
      return "rwlock ";
    case hot::WaitKind::kJoin:
      return "the end of thread ";
    default:
      return "";
  }
}

// "thread 12 "a" waits for mutex 0x55d0 held by 13"
std::string WaitSentence(const hot::ThreadSample& sample) {
  std::string text = "thread " + std::to_string(sample.tid) + " " + Quoted(sample.name) +
                     " waits for " + std::string(ThingOf(sample.wait));
  if (sample.wait == hot::WaitKind::kJoin) return text + std::to_string(sample.owner);
  return text + Hex(sample.object) + " held by " + std::to_string(sample.owner);
}

// One line each, after `prefix`.
std::string DeadlockLines(const ThreadReport& report, const std::string& prefix) {
  std::string text;
  for (const std::vector<size_t>& circle : report.deadlocks) {
    text += prefix + "deadlock: ";
    text += circle.size() == 1
                ? std::string("a thread waits for itself\n")
                : Plural(static_cast<int64_t>(circle.size()), "thread") + " wait for each other\n";
    for (const size_t i : circle) {
      text += prefix + "  " + WaitSentence(report.list.threads[i].sample) + "\n";
    }
  }
  return text;
}

// Readers of these forms subtract one from every address to get into the call.
uintptr_t ReturnAddress(uintptr_t pc) { return pc + 1; }

// --- Form 1 -------------------------------------------------------------------

struct Group {
  hot::StackView stack = {};
  int64_t count = 0;
  std::map<std::string, int64_t> names = {};
  std::map<std::string, int64_t> states = {};
};

std::vector<Group> GroupsOf(const ThreadReport& report) {
  std::vector<Group> groups;
  std::map<const uintptr_t*, size_t> by_stack;
  for (const ThreadEntry& thread : report.list.threads) {
    const auto [known, is_new] = by_stack.emplace(thread.sample.stack.pcs, groups.size());
    if (is_new) groups.emplace_back();
    Group& group = groups[known->second];
    group.stack = thread.sample.stack;
    ++group.count;
    ++group.names[thread.sample.name];
    ++group.states[thread.state];
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.count > b.count; });
  return groups;
}

// Threads with different labels have different stacks (stack_table.h).
std::string LabelsLine(std::string_view heading, const hot::StackView& stack) {
  const std::string labels = InBraces(ProgramLabels(stack));
  return labels.empty() ? labels : std::string(heading) + labels + "\n";
}

std::string NamesLine(const Group& group) {
  std::string text = "# names:";
  std::string_view separator = " ";
  for (const auto& [name, count] : group.names) {
    text += std::string(separator) + Quoted(name) + " x" + std::to_string(count);
    separator = ", ";
  }
  return text + "\n";
}

std::string StatesLine(const Group& group) {
  std::string text = "# state:";
  std::string_view separator = " ";
  for (const auto& [state, count] : group.states) {
    text += std::string(separator) + std::to_string(count) + " " + state;
    separator = ", ";
  }
  return text + "\n";
}

// --- Forms 2 and 3 ------------------------------------------------------------

std::string Duration(int64_t nanoseconds) {
  if (nanoseconds >= kMinute) return ", " + Plural(nanoseconds / kMinute, "minute");
  if (nanoseconds >= kSecond) return ", " + Plural(nanoseconds / kSecond, "second");
  return "";
}

std::string Waited(const hot::ThreadSample& sample) {
  std::string text;
  if (sample.object != 0) text += ", " + Hex(sample.object);
  if (sample.owner == 0) return text;
  if (sample.wait == hot::WaitKind::kJoin) return text + ", of " + std::to_string(sample.owner);
  return text + " held by " + std::to_string(sample.owner);
}

// Where in the binary, for those who have no line: "/usr/lib/libx.so+0x1234".
std::string PlaceInBinary(const ThreadReport& report, uintptr_t pc) {
  const uint64_t id = report.mappings.IdOf(pc);
  if (id == 0) return "?";
  const Mapping& mapping = report.mappings.all()[id - 1];
  return mapping.file + "+" + Hex(pc - mapping.start + mapping.offset);
}

std::string FunctionAt(const ThreadReport& report, uintptr_t pc) {
  const Symbol& symbol = report.symbols.Find(pc);
  return symbol.function.empty() ? Hex(pc) : symbol.function;
}

// "\t/src/wolf.cc:60 +0x1d"
std::string FullPlace(const ThreadReport& report, uintptr_t pc) {
  const Symbol& symbol = report.symbols.Find(pc);
  std::string text = "\t";
  text += symbol.file.empty() ? PlaceInBinary(report, pc)
                              : symbol.file + ":" + std::to_string(symbol.line);
  if (!symbol.function.empty()) text += " +" + Hex(symbol.offset);
  return text + "\n";
}

// What is inlined at a pc, as Go's dumps have it: "start_worker(...)", and no offset.
std::string InlinedFrames(const ThreadReport& report, uintptr_t pc) {
  std::string text;
  for (const Symbol::Inlined& inlined : report.symbols.Find(pc).inlined) {
    text += NameOfInlined(inlined.function) + "\n\t" + inlined.file + ":" +
            std::to_string(inlined.line) + "\n";
  }
  return text;
}

// Go's dumps have arguments behind every function and a line behind every file.
std::string GoFunction(const ThreadReport& report, uintptr_t pc) {
  std::string function = FunctionAt(report, pc);
  if (!function.ends_with(')')) function += "(...)";
  return function;
}

std::string GoPlace(const ThreadReport& report, uintptr_t pc) {
  const Symbol& symbol = report.symbols.Find(pc);
  return "\t" + (symbol.file.empty() ? PlaceInBinary(report, pc) : symbol.file) + ":" +
         std::to_string(symbol.line) + " +" + Hex(symbol.offset) + "\n";
}

// The innermost frame of the creator: what the C++ library has around
// pthread_create is not what a reader looks for.
const uintptr_t* CreationFrame(const ThreadReport& report, const hot::StackView& stack) {
  for (uint32_t i = 0; i < stack.depth; ++i) {
    if (!report.symbols.Find(stack.pcs[i]).function.starts_with("std::thread::")) {
      return stack.pcs + i;
    }
  }
  return nullptr;
}

// --- Reading --------------------------------------------------------------------

// A circle as the waits it consists of: threads and objects.
std::vector<std::pair<int32_t, uintptr_t>> WaitsOf(const ThreadList& list,
                                                   const std::vector<size_t>& circle) {
  std::vector<std::pair<int32_t, uintptr_t>> waits;
  waits.reserve(circle.size());
  for (const size_t i : circle) {
    waits.emplace_back(list.threads[i].sample.tid, list.threads[i].sample.object);
  }
  std::sort(waits.begin(), waits.end());
  return waits;
}

// The threads are looked at one after the other, and a circle put together from
// different moments need not be one: it must be there a second time.
std::vector<std::vector<size_t>> LastingDeadlocks(const ThreadList& list,
                                                  const Mappings& mappings) {
  std::vector<std::vector<size_t>> circles = FindDeadlocks(list);
  if (circles.empty()) return circles;
  ThreadList again = ReadThreads();
  DescribeThreads(Symbols::Of(AddressesOf(again), mappings), &again);
  const std::vector<std::vector<size_t>> still = FindDeadlocks(again);
  std::erase_if(circles, [&](const std::vector<size_t>& circle) {
    return std::none_of(still.begin(), still.end(), [&](const std::vector<size_t>& other) {
      return WaitsOf(again, other) == WaitsOf(list, circle);
    });
  });
  return circles;
}

}  // namespace

std::string GroupedThreads(const ThreadReport& report, std::string_view name) {
  std::string text =
      std::string(name) + " profile: total " + std::to_string(report.list.threads.size()) + "\n";
  text += DeadlockLines(report, "# ");
  FrameLines frames(report.symbols);
  for (const Group& group : GroupsOf(report)) {
    text += std::to_string(group.count) + " @";
    AppendAddresses(group.stack, &text);
    text += "\n" + LabelsLine("# labels: ", group.stack) + NamesLine(group) + StatesLine(group);
    frames.Append(group.stack, &text);
    text += "\n";
  }
  return text + MemoryMapText(report.mappings);
}

std::string FullThreads(const ThreadReport& report) {
  std::string text = DeadlockLines(report, "");
  if (!text.empty()) text += "\n";
  for (const ThreadEntry* thread : InOrder(report)) {
    const hot::ThreadSample& sample = thread->sample;
    text += "thread " + std::to_string(sample.tid) + " " + Quoted(sample.name) + " [" +
            thread->state + Duration(sample.waited_ns) + Waited(sample) + "]:\n";
    for (uint32_t i = 0; i < sample.stack.depth; ++i) {
      const uintptr_t pc = sample.stack.pcs[i];
      text += InlinedFrames(report, pc) + FunctionAt(report, pc) + "\n" + FullPlace(report, pc);
    }
    if (!sample.complete) text += "(the rest of the stack could not be had)\n";
    if (sample.stack.truncated) text += "(the stack has more frames)\n";
    if (const uintptr_t* pc = CreationFrame(report, sample.created_by)) {
      text += "created by " + FunctionAt(report, *pc) + " in thread " +
              std::to_string(sample.creator_tid) + "\n" + FullPlace(report, *pc);
    }
    text += LabelsLine("labels ", sample.stack) + "\n";
  }
  return text;
}

std::string GoThreads(const ThreadReport& report) {
  std::string text;
  for (const ThreadEntry* thread : InOrder(report)) {
    const hot::ThreadSample& sample = thread->sample;
    text += "goroutine " + std::to_string(sample.tid) + " [" + thread->state;
    if (sample.waited_ns >= kMinute) {
      text += ", " + std::to_string(sample.waited_ns / kMinute) + " minutes";
    }
    // Labels are where Go has them since 1.26 (GODEBUG=tracebacklabels=1).
    const std::string labels = InBraces(ProgramLabels(sample.stack), ": ");
    text += labels.empty() ? "]:\n" : "] " + labels + ":\n";
    for (uint32_t i = 0; i < sample.stack.depth; ++i) {
      const uintptr_t pc = sample.stack.pcs[i];
      text += InlinedFrames(report, pc) + GoFunction(report, pc) + "\n" + GoPlace(report, pc);
    }
    if (const uintptr_t* pc = CreationFrame(report, sample.created_by)) {
      text += "created by " + FunctionAt(report, *pc) + " in goroutine " +
              std::to_string(sample.creator_tid) + "\n" + GoPlace(report, *pc);
    }
    text += "\n";
  }
  return text;
}

std::string Threadz(const ThreadReport& report) {
  std::string text = "--- threadz 1 ---\n\n";
  for (const ThreadEntry& thread : report.list.threads) {
    const hot::ThreadSample& sample = thread.sample;
    text += "--- Thread " + Hex(static_cast<uint64_t>(sample.tid)).substr(2) +
            " (name: " + sample.name + "/" + std::to_string(sample.tid) + ") stack: ---\n";
    // Of the leaf nothing is subtracted. Names would be searched for addresses.
    for (uint32_t i = 0; i < sample.stack.depth; ++i) {
      const uintptr_t pc = sample.stack.pcs[i];
      text += "  " + Hex(i == 0 ? pc : ReturnAddress(pc)) + "\n";
    }
    text += "\n";
  }
  return text + MemoryMapText(report.mappings);
}

std::string ThreadsText(int64_t form, std::string_view name, const KeepThread& keep) {
  ThreadList list = ReadThreads();
  if (!list.complete) return "cannot list the threads: /proc/self/task is unreadable\n";
  if (keep) {
    std::erase_if(list.threads,
                  [&keep](const ThreadEntry& thread) { return !keep(thread.sample); });
  }
  const Mappings mappings = Mappings::OfThisProcess();
  const Symbols symbols = Symbols::Of(AddressesOf(list), mappings);
  DescribeThreads(symbols, &list);
  const std::vector<std::vector<size_t>> deadlocks = LastingDeadlocks(list, mappings);
  const ThreadReport report{list, symbols, mappings, deadlocks};
  switch (form) {
    case 1:
      return GroupedThreads(report, name);
    case 3:
      return GoThreads(report);
    case 4:
      return Threadz(report);
    default:
      return FullThreads(report);
  }
}

}  // namespace pprofagent::service
