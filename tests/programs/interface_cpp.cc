// SPDX-License-Identifier: Apache-2.0
//
// The same in C++20: RAII objects, streams, exceptions out of a writer.
//
//   interface_cpp CPU_FILE
#include <ctime>
#include <fstream>
#include <iostream>
#include <pprofagent/pprofagent.hpp>
#include <sstream>
#include <stdexcept>

namespace {

const pprofagent::profile& Connections() {
  static const pprofagent::profile connections = pprofagent::profile::create("connections");
  return connections;
}

class Connection {
 public:
  [[gnu::noinline]] Connection() : tracked_(Connections(), this) {}

 private:
  pprofagent::tracked tracked_;
};

void Say(const char* what, const std::error_code& error) {
  std::cout << what << " " << error.value() << "\n";
}

[[gnu::noinline]] void Work() {
  const std::clock_t end = std::clock() + CLOCKS_PER_SEC / 5;
  while (std::clock() < end) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::cout << "present " << pprofagent::present() << "\n";
  {
    std::ofstream file(argv[1], std::ios::binary);
    pprofagent::cpu_profile profile(pprofagent::to(file));
    pprofagent::cpu_profile second(pprofagent::to(file));
    Say("second", second.error());
    Work();
    Say("stop", profile.stop());
    Say("stop again", profile.stop());
  }
  {
    const Connection first;
    {
      const Connection second;
      std::cout << "connections " << Connections().count() << "\n";
    }
    std::cout << "connections " << Connections().count() << "\n";
    std::ostringstream text;
    Say("text", Connections().write(pprofagent::to(text), 1));
    std::cout << "begins " << text.str().substr(0, text.str().find(':')) << "\n";
  }
  std::cout << "connections " << Connections().count() << "\n";
  try {
    Say("thrown", pprofagent::write_heap(
                      [](std::string_view) -> bool { throw std::runtime_error("by the writer"); }));
  } catch (const std::runtime_error& error) {
    std::cout << "caught " << error.what() << "\n";
  }
  std::cout << "profiles " << !pprofagent::profile::all().empty() << "\n";
  std::cout << "rate " << pprofagent::set_block_rate(std::chrono::milliseconds(1)) << "\n";
  return 0;
}
