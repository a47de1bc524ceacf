// SPDX-License-Identifier: Apache-2.0
//
// THE table of profile kinds: what each is called and what its values mean.
// Dumps go through it; endpoints and index page will. Types, units and
// defaults are those of Go's profiles of the same names, so that every tool and
// dashboard made for those works.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pprofagent::service {

enum class Kind {
  kHeap,
  kAllocs,
  kCpu,
  kMutex,
  kBlock,
  kContention,
  kThreadCreate,
  kGoroutine,
  kGrowth,
  kWall,
  kCustom
};

struct ValueType {
  std::string_view type;
  std::string_view unit;
};

// How the kind looks as text (?debug=1; agent/service/text).
enum class TextForm { kNone, kHeap, kGrowth, kContention, kMutex, kCount, kThreads };

struct Recording;
struct ProfileContext;

struct KindSpec {
  Kind kind;
  std::string_view name;  // in file names and options
  std::span<const std::string_view> aliases;
  std::span<const ValueType> sample_types;
  // Shown first by the analyzer; empty for the last sample type.
  std::string_view default_sample_type;
  ValueType period_type;
  std::string_view description;
  // Reads what is recorded at this moment. Null for what is recorded over an interval
  // only: CPU time (CpuInterval) and wall clock time (WallProfile).
  Recording (*record)(const KindSpec& kind, const ProfileContext& context);
  TextForm text_form = TextForm::kNone;
};

std::span<const KindSpec> KindTable();
const KindSpec& SpecOf(Kind kind);

// By name or alias; null if there is none. Profiles the program has made itself
// are in custom_profiles.h.
const KindSpec* FindKind(std::string_view name);

// "heap, allocs, cpu, ...", for messages.
std::string KindNames();

}  // namespace pprofagent::service
