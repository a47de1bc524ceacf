// SPDX-License-Identifier: Apache-2.0
//
// The part of filter.h that removes frames below a match: PruneFrom by the user's wish,
// RemoveUninteresting by the profile's own. Both look at names without their argument lists.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/base/regexp.h"
#include "tools/profile/filter.h"

namespace cpprof::profile {
namespace {

// "ns::f(int)" -> "ns::f". The parentheses of "operator()" and "(anonymous namespace)" belong to
// the name; a leading '.' is an ABI's mark and does not.
std::string_view WithoutArguments(std::string_view name) {
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  constexpr std::string_view kCall = "operator()";
  constexpr size_t kBeforeParentheses = kCall.size() - 2;
  if (name.substr(0, 1) == ".") name.remove_prefix(1);
  for (size_t at = name.find('('); at != std::string_view::npos; at = name.find('(', at)) {
    if (name.substr(at, kAnonymous.size()) == kAnonymous) {
      at += kAnonymous.size();
    } else if (at >= kBeforeParentheses &&
               name.substr(at - kBeforeParentheses, kCall.size()) == kCall) {
      at += 2;
    } else {
      return name.substr(0, at);
    }
  }
  return name;
}

// Whether functions of a profile are to be pruned, each decided once.
template <typename Decide>
class FunctionVerdicts {
 public:
  FunctionVerdicts(const Profile& profile, Decide decide)
      : profile_(profile), decide_(std::move(decide)), known_(profile.functions.size()) {}

  bool operator()(const Line& line) {
    char& known = known_[line.function];
    if (known == 0) {
      const std::string_view name = profile_.Text(profile_.functions[line.function].name);
      known = !name.empty() && decide_(WithoutArguments(name)) ? 1 : 2;
    }
    return known == 1;
  }

 private:
  const Profile& profile_;
  Decide decide_;
  std::vector<char> known_;
};

// Removes the first `count` lines, the innermost.
void DropInnermostLines(Location* location, size_t count) {
  location->first_line += static_cast<uint32_t>(count);
  location->line_count -= static_cast<uint32_t>(count);
}

// Moves frames first..end of the stack to its front; returns how many.
std::ptrdiff_t KeepFrom(std::span<LocationIndex> stack, size_t first) {
  std::move(stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end(), stack.begin());
  return static_cast<std::ptrdiff_t>(stack.size() - first);
}

void Prune(Profile* profile, const re2::RE2& drop, const re2::RE2* keep) {
  enum : char { kUser, kDrop, kDropBelow };
  std::vector<char> verdicts(profile->locations.size(), kUser);
  FunctionVerdicts dropped(*profile, [&](std::string_view name) {
    return Matches(name, drop) && (keep == nullptr || !Matches(name, *keep));
  });
  for (LocationIndex i = 0; i < verdicts.size(); ++i) {
    const std::span<const Line> lines = profile->Lines(i);
    for (size_t k = lines.size(); k > 0 && verdicts[i] == kUser; --k) {
      if (!dropped(lines[k - 1])) continue;
      // The outermost line matches: the location goes. An inlined one: what called it stays.
      verdicts[i] = k == lines.size() ? kDrop : kDropBelow;
      if (verdicts[i] == kDropBelow) DropInnermostLines(&profile->locations[i], k);
    }
  }
  profile->samples.ShrinkStacks([&](size_t, std::span<LocationIndex> stack) {
    bool found_user = false;
    for (size_t i = stack.size(); i > 0; --i) {
      const char verdict = verdicts[stack[i - 1]];
      if (verdict == kUser) {
        found_user = true;
      } else if (found_user) {
        return KeepFrom(stack, verdict == kDrop ? i : i - 1);
      }
    }
    return static_cast<std::ptrdiff_t>(stack.size());
  });
}

}  // namespace

Status RemoveUninteresting(Profile* profile) {
  if (profile->drop_frames == 0) return Status::Ok();
  const auto compile = [&](StringId id) -> Result<std::shared_ptr<const re2::RE2>> {
    const std::string pattern(profile->Text(id));
    auto expression = CompileRegexp("^(" + pattern + ")$");
    if (expression.ok()) return expression;
    return expression.status().Annotate("failed to compile regexp " + pattern);
  };
  const auto drop = compile(profile->drop_frames);
  if (!drop.ok()) return drop.status();
  if (profile->keep_frames == 0) {
    Prune(profile, **drop, nullptr);
    return Status::Ok();
  }
  const auto keep = compile(profile->keep_frames);
  if (!keep.ok()) return keep.status();
  Prune(profile, **drop, keep->get());
  return Status::Ok();
}

void PruneFrom(Profile* profile, const re2::RE2& from) {
  std::vector<char> matched(profile->locations.size());
  FunctionVerdicts pruned(*profile, [&](std::string_view name) { return Matches(name, from); });
  for (LocationIndex i = 0; i < matched.size(); ++i) {
    const std::span<const Line> lines = profile->Lines(i);
    for (size_t k = 0; k < lines.size() && !matched[i]; ++k) {
      if (!pruned(lines[k])) continue;
      matched[i] = true;
      DropInnermostLines(&profile->locations[i], k);
    }
  }
  profile->samples.ShrinkStacks([&](size_t, std::span<LocationIndex> stack) {
    for (size_t i = 0; i < stack.size(); ++i) {
      if (matched[stack[i]]) return KeepFrom(stack, i);
    }
    return static_cast<std::ptrdiff_t>(stack.size());
  });
}

}  // namespace cpprof::profile
