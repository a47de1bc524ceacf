// SPDX-License-Identifier: Apache-2.0
//
// What is served under which path. Paths, parameters, headers, status codes and
// texts are those of Go's net/http/pprof, so that whatever was made for a Go
// program works: `go tool pprof`, scrapers, scripts. Where we go beyond it:
// fractional seconds, differences of every kind, POST on symbol, gc=1 together
// with seconds and on allocs too, a negative debug that means 0, labels.
//
//   /debug/pprof/            index
//   /debug/pprof/KIND        ?debug= text; ?seconds= a difference; ?gc=1
//                            ?labels=KEY=VALUE,... what was recorded under these
//   /debug/pprof/profile     CPU time, ?seconds=30, ?hz= (CPU_RATE), ?event=wall as wall
//   /debug/pprof/wall        wall clock time, ?seconds=30, ?hz=100, ?tid= of one thread
//   /debug/pprof/goroutine   ?tid= of one thread
//   /debug/pprof/{cmdline,symbol,memstats,maps,config}, also symbolz
//   /pprof/...               the same, where gperftools has it
//   /control/VERB            control_pages.h
#pragma once

#include "agent/service/control/controller.h"
#include "agent/service/http/handler.h"

namespace pprofagent::service {

class Endpoints {
 public:
  // `controller` must outlive this and every wait that comes from it.
  explicit Endpoints(Controller* controller) : controller_(*controller) {}

  Answer Handle(const Request& request, const Client& client);

 private:
  Answer Profile(std::string_view name, const Request& request);
  Answer Recorded(const KindSpec& kind, std::string_view name, const Request& request);
  Answer CpuTime(const Request& request);
  Answer WallTime(const Request& request);

  Controller& controller_;
};

}  // namespace pprofagent::service
