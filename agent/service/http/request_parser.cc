// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/request_parser.h"

#include <http_parser.h>

#include <utility>

#include "agent/service/options/parse_value.h"

namespace pprofagent::service {

struct RequestParser::State {
  http_parser parser = {};
  Request request;
  Response refusal;
  std::string target;
  std::string field;
  std::string value;
  bool in_value = false;
  bool has_begun = false;
  bool has_head = false;
  bool is_done = false;
  bool expects_continue = false;
  size_t head_bytes = 0;
  size_t headers = 0;

  // Counts bytes of the head.
  int Grow(size_t bytes) {
    head_bytes += bytes;
    return head_bytes > kMaxHeadBytes ? Refuse(431, "431 Request Header Fields Too Large") : 0;
  }

  int Refuse(int status, std::string_view text) {
    refusal = {.status = status, .body = std::string(text) + "\n"};
    return -1;
  }

  void EndHeader() {
    if (!in_value) return;
    in_value = false;
    if (EqualsIgnoringCase(field, "host") && !request.host) request.host = value;
    if (EqualsIgnoringCase(field, "origin")) request.origin = value;
    if (EqualsIgnoringCase(field, "expect")) {
      expects_continue = EqualsIgnoringCase(value, "100-continue");
    }
    field.clear();
    value.clear();
  }

  int SplitTarget() {
    http_parser_url url;
    http_parser_url_init(&url);
    const bool is_connect = parser.method == HTTP_CONNECT;
    if (http_parser_parse_url(target.data(), target.size(), is_connect, &url) != 0) {
      return Refuse(400, "400 Bad Request: the request's target is malformed");
    }
    const auto part = [this, &url](http_parser_url_fields field_index) {
      if ((url.field_set & (1 << field_index)) == 0) return std::string_view();
      const auto& data = url.field_data[field_index];
      return std::string_view(target).substr(data.off, data.len);
    };
    request.path = UrlDecode(part(UF_PATH), false);
    request.query = part(UF_QUERY);
    return 0;
  }
};

namespace {

// The callbacks of the library; a result other than 0 ends the parsing. A
// template, because the state is private to the parser.
template <typename S>
http_parser_settings MakeSettings() {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_message_begin = [](http_parser* parser) {
    static_cast<S*>(parser->data)->has_begun = true;
    return 0;
  };
  settings.on_url = [](http_parser* parser, const char* at, size_t length) {
    auto& state = *static_cast<S*>(parser->data);
    state.target.append(at, length);
    return state.Grow(length);
  };
  settings.on_header_field = [](http_parser* parser, const char* at, size_t length) {
    auto& state = *static_cast<S*>(parser->data);
    state.EndHeader();
    if (state.field.empty() && ++state.headers > kMaxHeaders) {
      return state.Refuse(431, "431 Request Header Fields Too Large: too many of them");
    }
    state.field.append(at, length);
    return state.Grow(length);
  };
  settings.on_header_value = [](http_parser* parser, const char* at, size_t length) {
    auto& state = *static_cast<S*>(parser->data);
    state.in_value = true;
    state.value.append(at, length);
    return state.Grow(length);
  };
  settings.on_headers_complete = [](http_parser* parser) {
    auto& state = *static_cast<S*>(parser->data);
    state.EndHeader();
    state.has_head = true;
    state.request.method = http_method_str(static_cast<http_method>(parser->method));
    state.request.is_http_1_0 = parser->http_major == 1 && parser->http_minor == 0;
    state.request.keep_alive = http_should_keep_alive(parser) != 0;
    if (parser->http_major != 1) return state.Refuse(400, "400 Bad Request: not HTTP/1");
    // The largest number means that no length was given.
    if (parser->content_length != UINT64_MAX && parser->content_length > kMaxBodyBytes) {
      return state.Refuse(413, "413 Request Entity Too Large");
    }
    if (!state.request.host && !state.request.is_http_1_0) {
      return state.Refuse(400, "400 Bad Request: missing required Host header");
    }
    return state.SplitTarget();
  };
  settings.on_body = [](http_parser* parser, const char* at, size_t length) {
    auto& state = *static_cast<S*>(parser->data);
    if (state.request.body.size() + length > kMaxBodyBytes) {
      return state.Refuse(413, "413 Request Entity Too Large");
    }
    state.request.body.append(at, length);
    return 0;
  };
  settings.on_message_complete = [](http_parser* parser) {
    static_cast<S*>(parser->data)->is_done = true;
    http_parser_pause(parser, 1);
    return 0;
  };
  return settings;
}

}  // namespace

RequestParser::RequestParser() : state_(std::make_unique<State>()) { Reset(); }
RequestParser::~RequestParser() = default;

void RequestParser::Reset() {
  *state_ = State();
  http_parser_init(&state_->parser, HTTP_REQUEST);
  state_->parser.data = state_.get();
}

RequestParser::Progress RequestParser::Feed(std::string_view bytes, size_t* used) {
  State& state = *state_;
  const http_parser_settings settings = MakeSettings<State>();
  *used = http_parser_execute(&state.parser, &settings, bytes.data(), bytes.size());
  if (!bytes.empty()) state.has_begun = true;
  if (state.is_done) {
    // An upgrade that we do not make leaves bytes that are no request.
    if (state.parser.upgrade != 0) state.request.keep_alive = false;
    return Progress::kDone;
  }
  if (HTTP_PARSER_ERRNO(&state.parser) != HPE_OK) {
    if (state.refusal.status == 200) {
      state.Refuse(400, std::string("400 Bad Request: ") +
                            http_errno_description(HTTP_PARSER_ERRNO(&state.parser)));
    }
    return Progress::kRefuse;
  }
  return Progress::kMore;
}

const Request& RequestParser::request() const { return state_->request; }
Response RequestParser::TakeRefusal() { return std::move(state_->refusal); }
bool RequestParser::has_begun() const { return state_->has_begun; }

bool RequestParser::TakeExpectsContinue() {
  return state_->has_head && std::exchange(state_->expects_continue, false);
}

}  // namespace pprofagent::service
