// SPDX-License-Identifier: Apache-2.0
//
// A small profile that several tests share. Its stacks, leaf last, with their cpu values:
//
//     main -> work -> hash   600    user=bob
//     main -> work           100    user=eve bytes=2048
//     main -> idle           300
//
// Each function is one location at one line of its own file; "work" was inlined into "main"
// nowhere.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/profile/profile.h"

namespace cpprof {

class ExampleBuilder {
 public:
  ExampleBuilder();

  // The location of a function, or of a chain of inlined ones "inner<outer".
  profile::LocationIndex Location(const std::string& chain);

  // Leaf first.
  void Add(const std::vector<std::string>& stack, int64_t value,
           std::vector<profile::Label> labels = {});

  profile::Profile& profile() { return profile_; }

 private:
  profile::FunctionIndex Function(const std::string& name);

  profile::Profile profile_;
  std::map<std::string, profile::LocationIndex> locations_;
  std::map<std::string, profile::FunctionIndex> functions_;
};

profile::Profile ExampleProfile();

// "hash;work;main 1 600", one line a sample: what a test compares.
std::string ShowSamples(const profile::Profile& profile);

}  // namespace cpprof
