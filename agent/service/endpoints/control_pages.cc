// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/control_pages.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/service/control/verbs.h"
#include "agent/service/endpoints/access.h"
#include "agent/service/http/line_request.h"
#include "agent/service/options/edit_distance.h"

namespace pprofagent::service {
namespace {

std::vector<std::string> Words(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<std::string> words;
  for (size_t begin = text.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const size_t end = text.find_first_of(kBlanks, begin);
    words.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

Response Overview(bool is_line) {
  std::string text;
  for (const Verb& verb : VerbTable()) {
    if (!is_line) text += verb.changes ? "POST /control/" : "GET  /control/";
    text += verb.name;
    if (!verb.arguments.empty()) text += "  " + std::string(verb.arguments);
    text += "\n     " + std::string(verb.help) + "\n";
  }
  return {.body = std::move(text)};
}

// What may have been meant.
std::string NearestVerb(std::string_view word) {
  constexpr size_t kNear = 2;
  const Verb* nearest = nullptr;
  size_t least = kNear + 1;
  for (const Verb& verb : VerbTable()) {
    const size_t distance = EditDistance(verb.name, word);
    if (distance < least) nearest = &verb;
    least = std::min(least, distance);
  }
  if (nearest == nullptr) return "; help shows which there are";
  return "; did you mean " + std::string(nearest->name) + "?";
}

Response ToResponse(const Reply& reply) {
  if (!reply.status.ok()) return ProfileError(400, reply.status.text());
  Response response;
  for (const std::string& line : reply.lines) response.body += line + "\n";
  return response;
}

}  // namespace

Response ControlPage(std::string_view verb, const Request& request, const Client& client,
                     Controller* controller) {
  if (verb == "help") verb = {};
  const Verb* known = FindVerb(verb);
  if (known == nullptr && !verb.empty()) {
    return ProfileError(404, "there is no verb \"" + std::string(verb) + "\"" + NearestVerb(verb));
  }
  const bool changes = known != nullptr && known->changes;
  const bool is_reading = request.method == "GET" || request.method == "HEAD";
  const bool is_writing = request.method == "POST" || request.method == "PUT";
  const bool is_line = request.method == kLineMethod;
  if (!is_line && (changes ? !is_writing : !is_reading)) {
    return {.status = 405,
            .headers = {{"Allow", changes ? "POST, PUT" : "GET, HEAD"}},
            .body = "Method Not Allowed\n"};
  }
  if (known == nullptr) return Overview(is_line);
  if (changes) {
    const bool is_control_on_tcp = controller->options().http_control;
    std::optional<Response> refusal = RefuseChange(request, client, is_control_on_tcp);
    if (refusal) return std::move(*refusal);
  }
  return ToResponse(known->run(*controller, Words(request.body)));
}

}  // namespace pprofagent::service
