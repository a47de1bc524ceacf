// SPDX-License-Identifier: Apache-2.0
//
// See node_table.h.
#include "tools/graph/node_table.h"

#include "tools/base/index_set.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"

namespace cpprof::graph {
namespace {

using profile::Line;
using profile::Location;
using profile::LocationIndex;
using profile::Profile;
using profile::StringId;

uint64_t HashInfo(const NodeInfo& info) {
  uint64_t hash = HashMix(uint64_t{info.name} << 32 | info.file, info.objfile);
  hash = HashMix(hash, info.address);
  hash = HashMix(hash, static_cast<uint64_t>(info.start_line));
  hash = HashMix(hash, static_cast<uint64_t>(info.line));
  return HashMix(hash, static_cast<uint64_t>(info.column));
}

// Cleaned file names, each computed once.
class CleanedFiles {
 public:
  explicit CleanedFiles(const Profile& profile)
      : strings_(*profile.strings), cleaned_(strings_.size(), profile::kNone) {}

  StringId operator()(StringId file) {
    if (file == 0) return 0;
    if (cleaned_[file] == profile::kNone) {
      cleaned_[file] = strings_.Intern(CleanPath(strings_.View(file)));
    }
    return cleaned_[file];
  }

 private:
  profile::StringTable& strings_;
  std::vector<StringId> cleaned_;
};

}  // namespace

NodeTable::NodeTable(const Profile& profile, bool object_names) : strings_(profile.strings) {
  CleanedFiles clean(profile);
  IndexSet known(profile.functions.size());
  infos_.reserve(profile.functions.size());
  const auto find_or_add = [&](const NodeInfo& info) {
    const uint64_t hash = HashInfo(info);
    NodeIndex node = known.Find(hash, [&](NodeIndex other) { return infos_[other] == info; });
    if (node == IndexSet::kAbsent) {
      node = Add(info);
      known.Insert(hash, node);
    }
    return node;
  };
  slots_.reserve(profile.locations.size());
  std::vector<NodeIndex> frames;
  // Where nodes are functions, each function is looked up once.
  std::vector<NodeIndex> whole_functions(profile.functions.size(), kNoNode);
  for (LocationIndex i = 0; i < profile.locations.size(); ++i) {
    frames.clear();
    const Location& location = profile.locations[i];
    const StringId objfile =
        location.mapping == profile::kNone ? 0 : profile.mappings[location.mapping].file;
    const std::span<const Line> lines = profile.Lines(i);
    if (lines.empty()) {
      frames.push_back(find_or_add({.objfile = objfile, .address = location.address}));
    }
    for (const Line& line : lines) {
      const bool is_whole = location.address == 0 && line.line == 0 && line.column == 0;
      if (is_whole && whole_functions[line.function] != kNoNode) {
        frames.push_back(whole_functions[line.function]);
        if (&line != &lines.back()) may_be_inlined_[frames.back()] = true;
        continue;
      }
      const profile::Function& function = profile.functions[line.function];
      NodeInfo info{.name = function.name,
                    .file = clean(function.filename),
                    .address = location.address,
                    .line = line.line,
                    .column = line.column};
      if (object_names || function.name == 0) {
        info.objfile = objfile;
        info.start_line = function.start_line;
      }
      const NodeIndex node = find_or_add(info);
      if (&line != &lines.back()) may_be_inlined_[node] = true;
      frames.push_back(node);
      // Without a name it also matters which file it is in.
      const bool is_named = !object_names && function.name != 0;
      if (is_whole && is_named) whole_functions[line.function] = node;
    }
    AddSlot(frames);
  }
}

void NodeTable::AddSlot(std::span<const NodeIndex> frames) {
  const auto count = static_cast<uint32_t>(frames.size());
  if (count == 1) {
    slots_.push_back({frames.front(), count});
    return;
  }
  slots_.push_back({static_cast<NodeIndex>(frames_.size()), count});
  frames_.insert(frames_.end(), frames.begin(), frames.end());
}

NodeIndex NodeTable::Add(const NodeInfo& info) {
  infos_.push_back(info);
  may_be_inlined_.push_back(false);
  return static_cast<NodeIndex>(infos_.size() - 1);
}

std::vector<std::string> NodeTable::NameComponents(NodeIndex node, const std::string& name,
                                                   const std::string& file) const {
  const NodeInfo& info = infos_[node];
  std::string place = file;
  std::vector<std::string> parts;
  if (info.address != 0) {
    parts.push_back(StrFormat("%016llx", static_cast<unsigned long long>(info.address)));
  }
  if (!name.empty()) parts.push_back(name);
  if (info.line != 0) {
    AppendFormat(&place, ":%lld", static_cast<long long>(info.line));
    if (info.column != 0) AppendFormat(&place, ":%lld", static_cast<long long>(info.column));
    parts.push_back(place);
  } else if (!place.empty()) {
    parts.push_back(place);
  } else if (!name.empty()) {
    // The name says it all.
  } else if (info.objfile != 0) {
    parts.push_back("[" + BaseName(Text(info.objfile)) + "]");
  } else {
    parts.push_back("<unknown>");
  }
  return parts;
}

std::string NodeTable::PrintableName(NodeIndex node) const {
  const NodeInfo& info = infos_[node];
  return Join(NameComponents(node, std::string(Text(info.name)), std::string(Text(info.file))),
              " ");
}

std::string NodeTable::SortKey(NodeIndex node) const {
  const NodeInfo& info = infos_[node];
  std::string key = "{";
  key.append(Text(info.name));
  // The second field is a linker name, which no report keeps.
  AppendFormat(&key, "  %llu ", static_cast<unsigned long long>(info.address));
  key.append(Text(info.file));
  AppendFormat(&key, " %lld %lld %lld ", static_cast<long long>(info.start_line),
               static_cast<long long>(info.line), static_cast<long long>(info.column));
  return key.append(Text(info.objfile)) + "}";
}

}  // namespace cpprof::graph
