// SPDX-License-Identifier: Apache-2.0
//
// PLUGIN_A and PLUGIN_B are two builds of one library of the same size, for tests
// of what comes to lie where something else was.
#pragma once

namespace pprofagent::hot {

// From here on the loader puts both at one address, while nothing else is mapped
// or unmapped; false if it cannot be brought to that.
bool MakePluginsShareAnAddress();

}  // namespace pprofagent::hot
