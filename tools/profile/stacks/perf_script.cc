// SPDX-License-Identifier: Apache-2.0
//
// What `perf script` prints: an event with its thread, then its stack, leaf first, then an empty
// line.
//
//     redis-server  4711/4712  [001]  105.250000:     250000 cycles:u:
//     	    55d0c0ffee12 dictFind+0x42 (/usr/bin/redis-server)
//     	    55d0c0ffee99 inner (inlined)
//     	    55d0c0ffee99 processCommand+0x99 (/usr/bin/redis-server)
//      server.c:3200                                  with -F +srcline, of the frame above
//
// CPU number, time, period and thread may be missing; without stacks the one frame is in the
// event's line. Each event becomes a sample type (its period, or 1), beside samples/count; the
// thread becomes labels. Periods of clock events are nanoseconds.
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tools/base/strings.h"
#include "tools/profile/stacks/name_builder.h"
#include "tools/profile/stacks/stacks.h"
#include "tools/profile/stacks/text_lines.h"

namespace cpprof::profile::stacks {
namespace {

constexpr std::string_view kFormat = "perf script";
// Columns of values; perf itself can hardly record more at once.
constexpr size_t kMaxEvents = 64;

struct Event {
  std::string_view comm;
  std::optional<int64_t> pid;
  std::optional<int64_t> tid;
  std::optional<double> seconds;
  std::optional<int64_t> period;
  std::string_view name;
  std::string_view frame;  // in the same line; empty if none
};

struct Frame {
  uint64_t address = 0;
  std::string_view function;  // empty: unknown
  std::string_view object;
  bool inlined = false;
};

std::string_view View(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

std::optional<Event> ReadEvent(std::string_view line) {
  static const re2::RE2 pattern(
      R"((\S.*?)\s+(?:(-?\d+)/)?(-?\d+)\s+(?:\[\d+\]\s+)?(?:(\d+\.\d+):\s+)?)"
      R"((?:(\d+)\s+)?([^\s():]\S*):(?:\s+(\S.*))?)");
  line = TrimSpace(line);
  re2::StringPiece comm;
  re2::StringPiece pid;
  re2::StringPiece tid;
  re2::StringPiece seconds;
  re2::StringPiece period;
  re2::StringPiece name;
  re2::StringPiece rest;
  if (!re2::RE2::FullMatch(re2::StringPiece(line.data(), line.size()), pattern, &comm, &pid, &tid,
                           &seconds, &period, &name, &rest)) {
    return std::nullopt;
  }
  Event event{.comm = View(comm), .name = View(name), .frame = View(rest)};
  event.tid = ParseInt(View(tid));
  if (!pid.empty()) event.pid = ParseInt(View(pid));
  if (!seconds.empty()) event.seconds = ParseDouble(View(seconds));
  if (!period.empty()) {
    const std::optional<int64_t> value = ParseInt(View(period));
    if (!value) return std::nullopt;
    event.period = *value;
  }
  return event;
}

// Where the object's name in the parentheses at the end of a frame begins: it may have parentheses
// itself, "(/usr/lib/x.so (deleted))".
size_t FindObject(std::string_view text) {
  int depth = 0;
  for (size_t at = text.size(); at-- > 0;) {
    if (text[at] == ')') ++depth;
    if (text[at] == '(' && --depth == 0) return at;
  }
  return std::string_view::npos;
}

// "symbol+0x12" without the offset.
std::string_view WithoutOffset(std::string_view symbol) {
  const size_t plus = symbol.rfind("+0x");
  if (plus == std::string_view::npos) return symbol;
  const std::string_view digits = symbol.substr(plus + 3);
  const bool is_offset =
      !digits.empty() && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return is_offset ? symbol.substr(0, plus) : symbol;
}

std::optional<Frame> ReadFrame(std::string_view line) {
  line = TrimSpace(line);
  const size_t digits = std::min(line.find_first_not_of("0123456789abcdef"), line.size());
  if (digits < line.size() && line[digits] != ' ') return std::nullopt;
  const std::optional<uint64_t> address = ParseUint(line.substr(0, digits), 16);
  if (!address) return std::nullopt;
  Frame frame{.address = *address};
  std::string_view rest = TrimSpace(line.substr(digits));
  if (!rest.empty() && rest.back() == ')') {
    const size_t object = FindObject(rest);
    if (object != std::string_view::npos) {
      frame.object = rest.substr(object + 1, rest.size() - object - 2);
      rest = TrimSpace(rest.substr(0, object));
    }
  }
  frame.inlined = frame.object == "inlined";
  frame.function = WithoutOffset(rest);
  if (frame.function == "[unknown]") frame.function = {};
  return frame;
}

// "file.c:12", the place of the frame above it; "object[1f30]" and "??:0" where it is not known.
bool ReadPlace(std::string_view line, NamedFrame* frame) {
  line = TrimSpace(line);
  const size_t bracket = line.rfind('[');
  if (bracket != std::string_view::npos && line.back() == ']' &&
      ParseUint(line.substr(bracket + 1, line.size() - bracket - 2), 16)) {
    return true;
  }
  const size_t colon = line.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::optional<int64_t> number = ParseInt(line.substr(colon + 1));
  if (!number || *number < 0) return false;
  if (line.substr(0, colon) == "??") return true;
  frame->file = line.substr(0, colon);
  frame->line = *number;
  return true;
}

bool IsIndented(std::string_view line) {
  return !line.empty() && (line[0] == ' ' || line[0] == '\t');
}

// Side-band records that `perf script --show-...-events` adds.
bool IsRecord(std::string_view line) {
  return line.find(": PERF_RECORD_") != std::string_view::npos;
}

bool IsPerfScript(std::string_view text) {
  TextLines lines(text);
  do {
    if (!lines.Next()) return false;
  } while (SaysNothing(lines.line()) || IsRecord(lines.line()));
  const std::optional<Event> event = ReadEvent(lines.line());
  if (!event || !IsText(lines.line())) return false;
  if (!event->frame.empty() && ReadFrame(event->frame)) return true;
  // An event without a stack says little; one with a time says enough.
  if (!lines.Next() || SaysNothing(lines.line())) return event->seconds.has_value();
  return IsIndented(lines.line()) && ReadFrame(lines.line()).has_value();
}

class PerfScriptReader {
 public:
  explicit PerfScriptReader(std::string_view text) : text_(text) {}

  Result<Profile> Run() {
    Status status = FindEvents();
    if (!status.ok()) return status;
    Profile& profile = builder_.profile();
    profile.AddSampleType("samples", "count");
    for (const auto& [name, column] : events_) names_[column - 1] = name;
    for (const std::string_view name : names_) AddEventType(name);
    status = ReadSamples();
    if (!status.ok()) return status;
    // perf's clock is the machine's, not the calendar's: there is a duration, but no time.
    if (last_ > first_) profile.duration_nanos = std::llround((last_ - first_) * 1e9);
    return builder_.Take();
  }

 private:
  // The values of a sample are as many as there are events, which has to be known first.
  Status FindEvents() {
    TextLines lines(text_);
    while (lines.Next()) {
      if (SaysNothing(lines.line()) || IsRecord(lines.line())) continue;
      if (IsIndented(lines.line()) && ReadFrame(lines.line())) continue;
      const std::optional<Event> event = ReadEvent(lines.line());
      if (!event) continue;
      if (event->period) with_period_.insert(event->name);
      if (events_.contains(event->name)) continue;
      if (events_.size() == kMaxEvents) {
        return lines.Error(kFormat, "has more than " + std::to_string(kMaxEvents) + " events");
      }
      events_.emplace(event->name, events_.size() + 1);
    }
    names_.resize(events_.size());
    return Status::Ok();
  }

  // "cycles:u" counts cycles; the modifier says where.
  void AddEventType(std::string_view name) {
    const bool is_clock = name.starts_with("cpu-clock") || name.starts_with("task-clock");
    const bool is_time = is_clock && with_period_.contains(name);
    builder_.profile().AddSampleType(name, is_time ? "nanoseconds" : "count");
  }

  Status ReadSamples() {
    TextLines lines(text_);
    while (lines.Next()) {
      const std::string_view line = lines.line();
      if (TrimSpace(line).empty()) {
        FinishSample();
        continue;
      }
      // Which lines are events must be decided as FindEvents does.
      if (SaysNothing(line) || IsRecord(line)) continue;
      if (!IsText(line)) return lines.Error(kFormat, "has characters that no text has");
      if (IsIndented(line)) {
        if (const std::optional<Frame> frame = ReadFrame(line)) {
          if (!event_) return lines.Error(kFormat, "is a frame without an event above it");
          AddFrame(*frame);
          continue;
        }
        if (event_ && !frames_.empty() && ReadPlace(line, &frames_.back().named)) continue;
      }
      const std::optional<Event> event = ReadEvent(line);
      if (!event) return lines.Error(kFormat, "is neither an event nor a frame of its stack");
      FinishSample();
      event_ = event;
      if (const std::optional<Frame> frame = ReadFrame(event->frame);
          frame && !event->frame.empty()) {
        AddFrame(*frame);
      }
    }
    FinishSample();
    return Status::Ok();
  }

  void AddFrame(const Frame& frame) {
    frames_.push_back({.frame = frame, .named = {.function = frame.function, .file = ""}});
  }

  // Inlined frames belong to the next one that is not.
  void FinishSample() {
    if (!event_) return;
    std::vector<LocationIndex> stack;
    std::vector<NamedFrame> lines;
    for (const PlacedFrame& placed : frames_) {
      if (!placed.named.function.empty()) lines.push_back(placed.named);
      if (placed.frame.inlined) continue;
      const bool known = placed.frame.object != "[unknown]";
      const MappingIndex mapping = builder_.MappingOf(known ? placed.frame.object : "");
      stack.push_back(builder_.LocationOf(placed.frame.address, mapping, lines));
      lines.clear();
    }
    if (!lines.empty()) stack.push_back(builder_.LocationOf(0, kNone, lines));
    std::vector<int64_t> values(names_.size() + 1);
    values[0] = 1;
    values[events_.at(event_->name)] = event_->period.value_or(1);
    builder_.profile().AddSample(stack, values, Labels());
    if (event_->seconds) {
      first_ = any_time_ ? std::min(first_, *event_->seconds) : *event_->seconds;
      last_ = any_time_ ? std::max(last_, *event_->seconds) : *event_->seconds;
      any_time_ = true;
    }
    event_.reset();
    frames_.clear();
  }

  std::vector<Label> Labels() {
    Profile& profile = builder_.profile();
    std::vector<Label> labels = {profile.TextLabel("comm", event_->comm)};
    if (event_->pid) labels.push_back(profile.NumberLabel("pid", *event_->pid, "pid"));
    if (event_->tid) labels.push_back(profile.NumberLabel("tid", *event_->tid, "tid"));
    return labels;
  }

  struct PlacedFrame {
    Frame frame;
    NamedFrame named;
  };

  const std::string_view text_;
  NameBuilder builder_;
  std::map<std::string_view, size_t> events_;  // the value column of each
  std::set<std::string_view> with_period_;     // those that say it
  std::vector<std::string_view> names_;
  std::optional<Event> event_;
  std::vector<PlacedFrame> frames_;
  bool any_time_ = false;
  double first_ = 0;
  double last_ = 0;
};

}  // namespace

Parsed ParsePerfScript(std::string_view text) {
  if (!IsPerfScript(text)) return std::nullopt;
  return PerfScriptReader(text).Run();
}

}  // namespace cpprof::profile::stacks
