// SPDX-License-Identifier: Apache-2.0
//
// Example: the agent's endpoints in a server made with cpp-httplib, at a path of its
// choice and only for those who know the password.
//
//   httplib PREFIX USER PASSWORD        e.g. httplib /internal/pprof admin secret
//
//   curl http://admin:secret@localhost:PORT/internal/pprof/
//   cpprof -top http://admin:secret@localhost:PORT/internal/pprof/profile?seconds=5
#include <httplib.h>

#include <cstdio>
#include <pprofagent/pprofagent.hpp>
#include <string>

namespace {

// A thing of the program's own that is worth a profile: requests being served.
const pprofagent::profile requests = pprofagent::profile::create("app/requests");

void serve_profiles(const std::string& prefix, const httplib::Request& request,
                    httplib::Response& response) {
  const pprofagent::http::response answer = pprofagent::http::handle(
      {.method = request.method, .prefix = prefix, .target = request.target, .body = request.body});
  response.status = answer.status;
  std::string type;
  for (const auto& [name, value] : answer.headers) {
    // The library writes this one together with the body.
    if (name == "Content-Type") {
      type = value;
    } else {
      response.set_header(name, value);
    }
  }
  if (request.method == "HEAD") {
    response.set_header("Content-Type", type);
    response.set_header("Content-Length", std::to_string(answer.body_size));
  } else {
    response.set_content(answer.body, type);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s PREFIX USER PASSWORD\n", argv[0]);
    return 2;
  }
  const std::string prefix = argv[1];
  const std::string password = httplib::make_basic_authentication_header(argv[2], argv[3]).second;
  httplib::Server server;
  const auto profiles = [&](const httplib::Request& request, httplib::Response& response) {
    const pprofagent::tracked tracked(requests, &request);
    const pprofagent::labels labels{{"path", "profiles"}};
    if (request.get_header_value("Authorization") != password) {
      response.status = 403;
      response.set_content("who are you?\n", "text/plain");
      return;
    }
    serve_profiles(prefix, request, response);
  };
  // GET is HEAD, too; POST is how symbols are asked for.
  server.Get(prefix + "(/.*)?", profiles);
  server.Post(prefix + "(/.*)?", profiles);
  server.Get("/", [](const httplib::Request& request, httplib::Response& response) {
    const pprofagent::tracked tracked(requests, &request);
    response.set_content("hello\n", "text/plain");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  return server.listen_after_bind() ? 0 : 1;
}
