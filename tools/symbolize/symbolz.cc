// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/symbolz.h"

#include <cctype>
#include <optional>
#include <unordered_map>
#include <vector>

#include "tools/base/strings.h"
#include "tools/fetch/url.h"
#include "tools/symbolize/local.h"

namespace cpprof::symbolize {
namespace {

using profile::LocationIndex;
using profile::MappingIndex;
using profile::Profile;

// address + offset, unless that leaves the address space.
std::optional<uint64_t> Shift(uint64_t address, int64_t offset) {
  const uint64_t shifted = address + static_cast<uint64_t>(offset);
  const bool wrapped = offset < 0 ? shifted >= address : shifted < address;
  return wrapped ? std::nullopt : std::optional(shifted);
}

std::string OverflowText(uint64_t address, int64_t offset) {
  return StrFormat("cannot adjust address %llu by %lld, it would overflow",
                   static_cast<unsigned long long>(address), static_cast<long long>(offset));
}

struct Answer {
  uint64_t address = 0;
  std::string_view name;
};

// "0xADDR name", with anything in front. Nothing for other lines, and for a number that is too big.
std::optional<Answer> ParseAnswer(std::string_view line) {
  for (size_t at = line.find("0x"); at != std::string_view::npos; at = line.find("0x", at + 1)) {
    size_t end = at + 2;
    while (end < line.size() && std::isxdigit(static_cast<unsigned char>(line[end]))) ++end;
    size_t name = end;
    while (name < line.size() && std::isspace(static_cast<unsigned char>(line[name]))) ++name;
    if (end == at + 2 || name == end) continue;
    const auto address = ParseUint(line.substr(at + 2, end - at - 2), 16);
    if (!address) return std::nullopt;
    return Answer{*address, line.substr(name)};
  }
  return std::nullopt;
}

class MappingQuery {
 public:
  MappingQuery(Profile* profile, MappingIndex mapping, int64_t offset)
      : profile_(*profile), mapping_(mapping), offset_(offset) {}

  Status Run(const std::string& url, const Post& post) {
    std::string body;
    if (Status status = WriteAddresses(&body); !status.ok() || body.empty()) return status;
    auto reply = post(url, body);
    if (!reply.ok()) return reply.status();
    if (Status status = ReadNames(*reply); !status.ok()) return status;
    for (LocationIndex i = 0; i < profile_.locations.size(); ++i) {
      if (profile_.locations[i].mapping != mapping_) continue;
      const auto found = functions_.find(profile_.locations[i].address);
      if (found == functions_.end()) continue;
      const profile::Line line{found->second, 0, 0};
      profile_.SetLines(i, {&line, 1});
    }
    return Status::Ok();
  }

 private:
  Status WriteAddresses(std::string* body) const {
    for (const profile::Location& location : profile_.locations) {
      if (location.mapping != mapping_ || location.address == 0 || location.line_count != 0) {
        continue;
      }
      const auto address = Shift(location.address, offset_);
      if (!address) return Status::Error(OverflowText(location.address, offset_));
      if (!body->empty()) *body += '+';
      AppendFormat(body, "%#llx", static_cast<unsigned long long>(*address));
    }
    return Status::Ok();
  }

  // Only complete lines count: the last one may have been cut off.
  Status ReadNames(std::string_view reply) {
    std::unordered_map<std::string_view, profile::FunctionIndex> by_name;
    for (size_t end = reply.find('\n'); end != std::string_view::npos; end = reply.find('\n')) {
      const auto answer = ParseAnswer(reply.substr(0, end));
      reply.remove_prefix(end + 1);
      if (!answer) continue;
      const auto address = Shift(answer->address, -offset_);
      if (!address) return Status::Error(OverflowText(answer->address, -offset_));
      const auto [known, is_new] = by_name.try_emplace(answer->name, 0);
      if (is_new) known->second = profile_.AddFunction(answer->name, answer->name, "");
      functions_[*address] = known->second;
    }
    return Status::Ok();
  }

  Profile& profile_;
  MappingIndex mapping_;
  int64_t offset_;
  std::unordered_map<uint64_t, profile::FunctionIndex> functions_;
};

// The first source of the mapping that can be asked; null when it came from a file.
const fetch::MappingSource* SourceOf(const Profile& profile, const profile::Mapping& mapping,
                                     const fetch::MappingSources& sources) {
  for (const std::string_view key : {profile.Text(mapping.file), profile.Text(mapping.build_id)}) {
    const auto found = sources.find(key);
    if (found == sources.end()) continue;
    for (const fetch::MappingSource& source : found->second) {
      if (!fetch::SymbolUrl(source.url).empty()) return &source;
    }
  }
  return nullptr;
}

}  // namespace

Status SymbolizeRemotely(Profile* profile, bool force, const fetch::MappingSources& sources,
                         const Post& post) {
  for (MappingIndex i = 0; i < profile->mappings.size(); ++i) {
    const profile::Mapping& mapping = profile->mappings[i];
    if (!force && mapping.has_functions) continue;
    if (IsUnsymbolizable(profile->Text(mapping.file))) continue;
    const fetch::MappingSource* source = SourceOf(*profile, mapping, sources);
    if (source == nullptr) continue;
    const auto offset = static_cast<int64_t>(source->start - mapping.start);
    Status status = MappingQuery(profile, i, offset).Run(fetch::SymbolUrl(source->url), post);
    if (!status.ok()) return status;
    profile->mappings[i].has_functions = true;
  }
  return Status::Ok();
}

}  // namespace cpprof::symbolize
