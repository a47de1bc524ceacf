// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/demangle.h"

#include <gtest/gtest.h>

namespace cpprof::symbolize {
namespace {

struct Case {
  const char* mangled;
  const char* plain;
  const char* templates;
  const char* full;
};

TEST(DisplayName, LinkerNames) {
  const Case cases[] = {
      {"_ZN3net6Server4readEPcm", "net::Server::read", "net::Server::read",
       "net::Server::read(char*, unsigned long)"},
      {"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector::push_back",
       "std::vector<int, std::allocator<int> >::push_back",
       "std::vector<int, std::allocator<int> >::push_back(int const&)"},
      {"_Z3maxIiET_S0_S0_", "max", "max<int>", "int max<int>(int, int)"},
      {"_ZNSolsEi", "std::ostream::operator<<", "std::ostream::operator<<",
       "std::ostream::operator<<(int)"},
      // An abbreviation whose long form has template arguments.
      {"_ZNSoD0Ev", "std::basic_ostream::~basic_ostream",
       "std::basic_ostream<char, std::char_traits<char> >::~basic_ostream",
       "std::basic_ostream<char, std::char_traits<char> >::~basic_ostream()"},
      {"_ZNK3FoocvT_IiEEv", "Foo::operator int", "Foo::operator int<int>",
       "Foo::operator int<int>() const"},
      {"_ZN12_GLOBAL__N_14loopEv.isra.0", "(anonymous namespace)::loop",
       "(anonymous namespace)::loop", "(anonymous namespace)::loop()"},
      {"_ZN1a1fEv@plt", "a::f", "a::f", "a::f()"},
      {"_RINvC4rust3foomE", "rust::foo", "rust::foo::<u32>", "rust::foo::<u32>"},
      {"__ZN3mac3osxEv", "mac::osx", "mac::osx", "mac::osx()"},
      {"main", "main", "main", "main"},
      {"_Z", "_Z", "_Z", "_Z"},
      {"", "", "", ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(DisplayName(c.mangled, DemangleStyle::kDefault), c.plain) << c.mangled;
    EXPECT_EQ(DisplayName(c.mangled, DemangleStyle::kTemplates), c.templates) << c.mangled;
    EXPECT_EQ(DisplayName(c.mangled, DemangleStyle::kFull), c.full) << c.mangled;
    EXPECT_EQ(DisplayName(c.mangled, DemangleStyle::kNone), c.mangled);
  }
}

TEST(DisplayName, TextThatIsCppAlready) {
  const Case cases[] = {
      {"a::b<c<int> >::f(int)", "a::b::f", "a::b<c<int> >::f", "a::b<c<int> >::f(int)"},
      {"f(int)", "f(int)", "f(int)", "f(int)"},
      {"java.util.Map.<init>(int)", "java.util.Map.<init>(int)", "java.util.Map.<init>(int)",
       "java.util.Map.<init>(int)"},
      {"pkg.(*T[...]).Method", "pkg.(*T[...]).Method", "pkg.(*T[...]).Method",
       "pkg.(*T[...]).Method"},
      {"x::y)z(", "x::y)z(", "x::y)z(", "x::y)z("},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(DisplayName(c.mangled, DemangleStyle::kDefault), c.plain);
    EXPECT_EQ(DisplayName(c.mangled, DemangleStyle::kTemplates), c.templates);
    EXPECT_EQ(DisplayName(c.mangled, DemangleStyle::kFull), c.full);
  }
}

TEST(Demangle, DamagedNamesComeBackOrDemangleButNeverCrash) {
  const std::string name =
      "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE7_M_copyILb0ENS5_11_Alloc_nodeEEE"
      "PSt13_Rb_tree_nodeIiESA_PSt18_Rb_tree_node_baseRT0_";
  for (size_t i = 0; i < name.size(); ++i) {
    for (const char c : {'_', 'S', 'T', 'I', 'E', '9', 'N'}) {
      std::string damaged = name;
      damaged[i] = c;
      for (const auto style :
           {DemangleStyle::kDefault, DemangleStyle::kTemplates, DemangleStyle::kFull}) {
        DisplayName(damaged, style);
        DisplayName(damaged.substr(0, i), style);
      }
    }
  }
}

}  // namespace
}  // namespace cpprof::symbolize
