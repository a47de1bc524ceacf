// SPDX-License-Identifier: Apache-2.0
//
// Example: the agent's endpoints in a server of one's own, in C99 with plain sockets,
// at a path of its choice and only for those who know the password.
//
//   sockets PREFIX USER:PASSWORD        e.g. sockets /internal/pprof admin:secret
//
//   curl http://admin:secret@localhost:PORT/internal/pprof/
//   cpprof -top http://admin:secret@localhost:PORT/internal/pprof/profile?seconds=5
//
// The server itself is a minimum: a thread for each connection, one request each.
#include <arpa/inet.h>
#include <pprofagent/pprofagent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static const char* prefix;
static char* password;
static pprofagent_profile* connections;

struct request {
  char bytes[65536];
  char* method;
  char* target;
  char* body;
  size_t body_size;
};

static int send_all(int socket, const void* bytes, size_t size) {
  const char* at = bytes;
  while (size > 0) {
    ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
    if (sent <= 0) return -1;
    at += sent;
    size -= (size_t)sent;
  }
  return 0;
}

static void answer(int socket, const char* status, const char* text) {
  char head[256];
  snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
           status, strlen(text));
  if (send_all(socket, head, strlen(head)) == 0) send_all(socket, text, strlen(text));
}

// The value of a header, which ends at its line's end; null: there is none.
static const char* header(const char* head, const char* name) {
  for (const char* line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, name, strlen(name)) != 0 || line[2 + strlen(name)] != ':') continue;
    const char* value = line + 2 + strlen(name) + 1;
    return value + strspn(value, " ");
  }
  return NULL;
}

static int receive(int socket, struct request* request) {
  size_t size = 0;
  char* end = NULL;
  size_t wanted = 0;
  while (end == NULL || size < wanted) {
    if (size == sizeof(request->bytes) - 1) return -1;
    ssize_t got = recv(socket, request->bytes + size, sizeof(request->bytes) - 1 - size, 0);
    if (got <= 0) return -1;
    size += (size_t)got;
    request->bytes[size] = '\0';
    if (end == NULL && (end = strstr(request->bytes, "\r\n\r\n")) != NULL) {
      const char* length = header(request->bytes, "Content-Length");
      request->body = end + 4;
      request->body_size = length != NULL ? strtoul(length, NULL, 10) : 0;
      if (request->body_size >= sizeof(request->bytes)) return -1;
      wanted = (size_t)(request->body - request->bytes) + request->body_size;
    }
  }
  return 0;
}

// "GET /path HTTP/1.1": ends the words in place. The headers stay behind them.
static int parse_line(struct request* request, const char** headers) {
  char* line_end = strstr(request->bytes, "\r\n");
  *line_end = '\0';
  *headers = line_end + 1;
  request->method = request->bytes;
  char* space = strchr(request->method, ' ');
  if (space == NULL) return -1;
  *space = '\0';
  request->target = space + 1;
  space = strchr(request->target, ' ');
  if (space == NULL) return -1;
  *space = '\0';
  return 0;
}

// --- What the agent asks of a server ------------------------------------------

static int send_head(void* context, int status, const pprofagent_http_header* headers, size_t count,
                     size_t body_size) {
  const int socket = *(const int*)context;
  char line[512];
  snprintf(line, sizeof(line), "HTTP/1.1 %d -\r\nContent-Length: %zu\r\nConnection: close\r\n",
           status, body_size);
  if (send_all(socket, line, strlen(line)) != 0) return -1;
  for (size_t i = 0; i < count; i++) {
    snprintf(line, sizeof(line), "%s: %s\r\n", headers[i].name, headers[i].value);
    if (send_all(socket, line, strlen(line)) != 0) return -1;
  }
  return send_all(socket, "\r\n", 2);
}

static int send_body(void* context, const void* bytes, size_t size) {
  return send_all(*(const int*)context, bytes, size);
}

static int client_has_left(void* context) {
  char byte;
  return recv(*(const int*)context, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void serve_profiles(int socket, const struct request* request) {
  const pprofagent_http_request asked = {
      request->method,    prefix,          request->target, request->body,
      request->body_size, client_has_left, &socket};
  const pprofagent_http_response to = {send_head, send_body, &socket};
  switch (pprofagent_http_handle(&asked, &to)) {
    case 0:
    case -EIO:        // the client left while it was answered,
    case -ECANCELED:  // or before
      return;
    case -ENOSYS:
      return answer(socket, "503 -", "no profiling agent in this process\n");
    default:
      return answer(socket, "503 -", "the profiling agent cannot answer\n");
  }
}

// ------------------------------------------------------------------------------

static int is_below(const char* path, const char* folder) {
  const size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && strchr("/?", path[length]) != NULL;
}

// As a client sends it.
static void set_password(const char* text) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t size = strlen(text);
  char* out = password = calloc(1, 4 * (size / 3 + 1) + 1);
  for (size_t i = 0; i < size; i += 3) {
    unsigned group = 0;
    for (size_t k = i; k < i + 3; k++) group = group << 8 | (k < size ? (unsigned char)text[k] : 0);
    for (int k = 0; k < 4; k++) *out++ = digits[group >> (18 - 6 * k) & 63];
    for (size_t k = size - i; k < 3; k++) out[(long)k - 3] = '=';
  }
}

static int is_allowed(const char* headers) {
  const char* value = header(headers, "Authorization");
  if (value == NULL || strncmp(value, "Basic ", 6) != 0) return 0;
  const size_t length = strlen(password);
  return strncmp(value + 6, password, length) == 0 && value[6 + length] == '\r';
}

static void* serve(void* argument) {
  int socket = *(int*)argument;
  free(argument);
  struct request* request = calloc(1, sizeof(*request));
  pprofagent_add(connections, request, 1, 0);
  const char* headers = NULL;
  if (receive(socket, request) == 0) {
    // A copy, for the first line is cut into words.
    headers = strdup(request->bytes);
    const char* rest = NULL;
    if (parse_line(request, &rest) != 0) {
      answer(socket, "400 -", "no request\n");
    } else if (!is_below(request->target, prefix)) {
      answer(socket, "200 OK", "hello\n");
    } else if (!is_allowed(headers)) {
      answer(socket, "403 -", "who are you?\n");
    } else {
      serve_profiles(socket, request);
    }
  }
  pprofagent_remove(connections, request);
  free((char*)headers);
  free(request);
  shutdown(socket, SHUT_WR);
  close(socket);
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s PREFIX USER:PASSWORD\n", argv[0]);
    return 2;
  }
  prefix = argv[1];
  set_password(argv[2]);
  pprofagent_create("app/connections", &connections);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  if (bind(listener, (struct sockaddr*)&address, size) != 0 || listen(listener, 16) != 0 ||
      getsockname(listener, (struct sockaddr*)&address, &size) != 0) {
    perror("sockets");
    return 1;
  }
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    int* argument = malloc(sizeof(int));
    *argument = client;
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, argument) != 0) {
      close(client);
      free(argument);
      continue;
    }
    pthread_detach(thread);
  }
}
