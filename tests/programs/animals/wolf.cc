// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <mutex>
#include <thread>

#include "animal.h"

namespace animals::wolf {

void Howl(Moment moment) {
  std::mutex mutex;
  std::mutex ready_mutex;
  std::condition_variable ready;
  bool is_ready = false;
  std::thread helper([&] {
    mutex.lock();
    {
      const std::lock_guard lock(ready_mutex);
      is_ready = true;
    }
    ready.notify_one();
    std::this_thread::sleep_for(moment);
    mutex.unlock();
  });
  {
    std::unique_lock lock(ready_mutex);
    ready.wait(lock, [&] { return is_ready; });
  }
  mutex.lock();
  mutex.unlock();
  helper.join();
}

}  // namespace animals::wolf
