// SPDX-License-Identifier: Apache-2.0
//
// See filters.h.
#include "tools/driver/filters.h"

#include <memory>
#include <utility>

#include "tools/base/regexp.h"
#include "tools/driver/tag_filter.h"
#include "tools/profile/filter.h"

namespace cpprof::driver {
namespace {

using Expression = std::shared_ptr<const re2::RE2>;

// Compiles options one after the other and keeps the first failure.
class OptionCompiler {
 public:
  // Null for an empty option.
  Expression Regexp(const char* name, const std::string& value) {
    if (value.empty() || !status_.ok()) return nullptr;
    auto compiled = CompileRegexp(value);
    if (compiled.ok()) return std::move(*compiled);
    status_ = compiled.status().Annotate("parsing " + std::string(name) + " regexp");
    return nullptr;
  }

  TagFilter Tags(const char* name, const std::string& value, const profile::Profile& profile,
                 const std::map<std::string, std::string>& label_units, Notices* notices) {
    if (!status_.ok()) return nullptr;
    Result<TagFilter> filter = CompileTagFilter(name, value, profile, label_units, notices);
    if (filter.ok()) return std::move(*filter);
    status_ = filter.status();
    return nullptr;
  }

  const Status& status() const { return status_; }

 private:
  Status status_;
};

void FilterByTags(profile::Profile* profile, const TagFilter& focus, const TagFilter& ignore,
                  Notices* notices) {
  if (!focus && !ignore) return;
  bool any_focused = false;
  bool any_ignored = false;
  profile::Samples& samples = profile->samples;
  samples.Retain([&](size_t row) {
    const auto labels = samples.Labels(row);
    const bool focused = !focus || focus(labels);
    const bool ignored = ignore && ignore(labels);
    any_focused |= focused;
    any_ignored |= ignored;
    return focused && !ignored;
  });
  WarnUnlessMatched(!focus || any_focused, "TagFocus", notices);
  WarnUnlessMatched(!ignore || any_ignored, "TagIgnore", notices);
}

}  // namespace

Status ApplyFilters(profile::Profile* profile, const Config& config,
                    const std::map<std::string, std::string>& label_units, Notices* notices) {
  OptionCompiler compiler;
  const Expression focus = compiler.Regexp("focus", config.focus);
  const Expression ignore = compiler.Regexp("ignore", config.ignore);
  const Expression hide = compiler.Regexp("hide", config.hide);
  const Expression show = compiler.Regexp("show", config.show);
  const Expression show_from = compiler.Regexp("show_from", config.show_from);
  const TagFilter tag_focus =
      compiler.Tags("tagfocus", config.tag_focus, *profile, label_units, notices);
  const TagFilter tag_ignore =
      compiler.Tags("tagignore", config.tag_ignore, *profile, label_units, notices);
  const Expression prune_from = compiler.Regexp("prune_from", config.prune_from);
  const Expression tag_show = compiler.Regexp("tagshow", config.tag_show);
  const Expression tag_hide = compiler.Regexp("taghide", config.tag_hide);
  if (!compiler.status().ok()) return compiler.status();

  const profile::NameMatches names = profile::FilterByName(
      profile,
      {.focus = focus.get(), .ignore = ignore.get(), .hide = hide.get(), .show = show.get()});
  WarnUnlessMatched(!focus || names.focus, "Focus", notices);
  WarnUnlessMatched(!ignore || names.ignore, "Ignore", notices);
  WarnUnlessMatched(!hide || names.hide, "Hide", notices);
  WarnUnlessMatched(!show || names.show, "Show", notices);
  if (show_from) WarnUnlessMatched(profile::ShowFrom(profile, *show_from), "ShowFrom", notices);
  FilterByTags(profile, tag_focus, tag_ignore, notices);
  const profile::LabelMatches labels =
      profile::FilterLabels(profile, tag_show.get(), tag_hide.get());
  WarnUnlessMatched(!tag_show || labels.show, "TagShow", notices);
  WarnUnlessMatched(!tag_hide || labels.hide, "TagHide", notices);
  if (prune_from) profile::PruneFrom(profile, *prune_from);
  return Status::Ok();
}

std::vector<std::string> ActiveFilters(const Config& config) {
  std::vector<std::string> filters;
  for (const char* name : {"focus", "ignore", "hide", "show", "show_from", "tagfocus", "tagignore",
                           "tagshow", "taghide"}) {
    const std::string value = GetOption(config, *FindOption(name));
    if (!value.empty()) filters.push_back(std::string(name) + "=" + value);
  }
  return filters;
}

void WarnUnlessMatched(bool matched, const std::string& what, Notices* notices) {
  if (!matched) notices->Print(what + " expression matched no samples");
}

}  // namespace cpprof::driver
