// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <mutex>

#include "animal.h"

namespace animals::cat {

void Pee(Moment moment) {
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, moment, [] { return false; });
}

void Live(Moment moment) { Pee(moment); }

}  // namespace animals::cat
