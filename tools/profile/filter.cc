// SPDX-License-Identifier: Apache-2.0
//
// See filter.h.
#include "tools/profile/filter.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "tools/profile/name_matcher.h"

namespace cpprof::profile {
namespace {

// What FilterByName has found out about a location.
struct Verdict {
  bool focused = false;
  bool ignored = false;
  bool hidden = false;  // no line left
};

bool MatchesLocation(NameMatcher* matcher, const Profile& profile, LocationIndex index) {
  for (const Line& line : profile.Lines(index)) {
    if (matcher->Matches(line)) return true;
  }
  return matcher->MatchesMapping(profile.locations[index]);
}

// Keeps the lines for which `keep`, in order.
template <typename Keep>
void RetainLines(Profile* profile, LocationIndex index, Keep&& keep) {
  const std::span<Line> lines = profile->Lines(index);
  const auto end = std::stable_partition(lines.begin(), lines.end(), keep);
  profile->locations[index].line_count = static_cast<uint32_t>(end - lines.begin());
}

class NameFilter {
 public:
  NameFilter(Profile* profile, const NameFilters& filters) : profile_(*profile) {
    const auto prepare = [&](const re2::RE2* expression, std::optional<NameMatcher>* matcher) {
      if (expression != nullptr) matcher->emplace(profile_, *expression);
    };
    prepare(filters.focus, &focus_);
    prepare(filters.ignore, &ignore_);
    prepare(filters.hide, &hide_);
    prepare(filters.show, &show_);
  }

  NameMatches Run() {
    std::vector<Verdict> verdicts(profile_.locations.size());
    for (LocationIndex i = 0; i < verdicts.size(); ++i) verdicts[i] = Judge(i);
    profile_.samples.ShrinkStacks([&](size_t, std::span<LocationIndex> stack) -> std::ptrdiff_t {
      bool focused = false;
      size_t kept = 0;
      for (const LocationIndex location : stack) {
        const Verdict& verdict = verdicts[location];
        if (verdict.ignored) return -1;
        focused |= verdict.focused;
        if (!verdict.hidden) stack[kept++] = location;
      }
      // A sample that had frames and has none left goes; with nothing hidden there is none.
      if (!focused || (kept == 0 && !stack.empty())) return -1;
      return static_cast<std::ptrdiff_t>(kept);
    });
    return matches_;
  }

 private:
  Verdict Judge(LocationIndex index) {
    Verdict verdict;
    if (ignore_ && MatchesLocation(&*ignore_, profile_, index)) {
      matches_.ignore = verdict.ignored = true;
    } else if (!focus_ || MatchesLocation(&*focus_, profile_, index)) {
      matches_.focus = verdict.focused = true;
    }
    if (hide_ && MatchesLocation(&*hide_, profile_, index)) {
      matches_.hide = true;
      const bool all = hide_->MatchesMapping(profile_.locations[index]);
      RetainLines(&profile_, index,
                  [&](const Line& line) { return !all && !hide_->Matches(line); });
      verdict.hidden = profile_.locations[index].line_count == 0;
    }
    if (show_) {
      const bool all = show_->MatchesMapping(profile_.locations[index]);
      RetainLines(&profile_, index, [&](const Line& line) { return all || show_->Matches(line); });
      if (profile_.locations[index].line_count == 0) {
        verdict.hidden = true;
      } else {
        matches_.show = true;
      }
    }
    return verdict;
  }

  Profile& profile_;
  std::optional<NameMatcher> focus_;
  std::optional<NameMatcher> ignore_;
  std::optional<NameMatcher> hide_;
  std::optional<NameMatcher> show_;
  NameMatches matches_;
};

}  // namespace

NameMatches FilterByName(Profile* profile, const NameFilters& filters) {
  const bool none = filters.focus == nullptr && filters.ignore == nullptr &&
                    filters.hide == nullptr && filters.show == nullptr;
  // With any filter, samples without frames go; without one they stay.
  if (none) return {};
  return NameFilter(profile, filters).Run();
}

bool ShowFrom(Profile* profile, const re2::RE2& from) {
  NameMatcher matcher(*profile, from);
  std::vector<char> matched(profile->locations.size());
  bool any = false;
  for (LocationIndex i = 0; i < matched.size(); ++i) {
    if (matcher.MatchesMapping(profile->locations[i])) {
      matched[i] = true;
    } else {
      const std::span<const Line> lines = profile->Lines(i);
      for (size_t k = lines.size(); k > 0 && !matched[i]; --k) {
        if (!matcher.Matches(lines[k - 1])) continue;
        matched[i] = true;
        profile->locations[i].line_count = static_cast<uint32_t>(k);
      }
    }
    any |= matched[i] != 0;
  }
  profile->samples.ShrinkStacks([&](size_t, std::span<LocationIndex> stack) -> std::ptrdiff_t {
    for (size_t i = stack.size(); i > 0; --i) {
      if (matched[stack[i - 1]]) return static_cast<std::ptrdiff_t>(i);
    }
    return -1;
  });
  return any;
}

LabelMatches FilterLabels(Profile* profile, const re2::RE2* show, const re2::RE2* hide) {
  LabelMatches matches;
  if ((show == nullptr && hide == nullptr) || !profile->samples.has_labels()) return matches;
  std::optional<NameMatcher> show_matcher;
  std::optional<NameMatcher> hide_matcher;
  if (show != nullptr) show_matcher.emplace(*profile, *show);
  if (hide != nullptr) hide_matcher.emplace(*profile, *hide);
  profile->samples.Rewrite([&](size_t, Samples::Parts* parts) {
    std::erase_if(parts->labels, [&](const Label& label) {
      const bool shown = !show_matcher || show_matcher->Matches(label.key);
      const bool hidden = hide_matcher && hide_matcher->Matches(label.key);
      matches.show |= shown;
      matches.hide |= hidden;
      return !shown || hidden;
    });
    return true;
  });
  return matches;
}

}  // namespace cpprof::profile
