// SPDX-License-Identifier: Apache-2.0
//
// Files that appear whole or not at all. The bytes go into a file without a name (O_TMPFILE), which
// gets its name when it is complete: whatever ends cpprof before that, a signal it cannot catch
// included, leaves nothing behind. File systems that have no nameless files get a named temporary
// file, removed when writing fails.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tools/base/status.h"

namespace cpprof {

// Makes `path` hold `bytes`, as an editor saves: links are followed, a file that exists keeps its
// permissions, and one that may not be written is not. What is not a regular file is written to as
// it is; /dev/stdout and /dev/fd/N are the descriptors of this process.
Status WriteWholeFile(const std::string& path, std::string_view bytes);

// Adds to the end of `path`, which is made if it does not exist.
Status AppendToFile(const std::string& path, std::string_view bytes);

// Makes a file that did not exist: the first of name(1), name(2), ... that is free, up to
// `last_number`; two processes that try at the same time get different ones. The name it got; an
// error naming `form` when all are taken.
Result<std::string> WriteNumberedFile(const std::function<std::string(int)>& name, int last_number,
                                      const std::string& form, std::string_view bytes);

// All of them to an open descriptor, called `name` in the error.
Status WriteBytes(int descriptor, std::string_view bytes, const std::string& name);

}  // namespace cpprof
