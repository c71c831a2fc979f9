/**
 * C++ of a small add-on that keeps aside what is written to standard error between its two calls.
 * TensorFlow's library greets while it is loaded, before any code could set how much it logs.
 */
export const QUIET_SOURCE = `#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <node_api.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cstdio>
#include <string>

static int kept_error = -1;
static int aside = -1;

static napi_value Begin(napi_env env, napi_callback_info) {
  std::fflush(stderr);
  aside = memfd_create("lockstep-stderr", MFD_CLOEXEC);
  kept_error = aside < 0 ? -1 : dup(2);
  if (kept_error >= 0) dup2(aside, 2);
  return nullptr;
}

static napi_value End(napi_env env, napi_callback_info) {
  std::string text;
  if (kept_error >= 0) {
    std::fflush(stderr);
    dup2(kept_error, 2);
    close(kept_error);
    char buffer[4096];
    off_t at = 0;
    ssize_t got;
    while ((got = pread(aside, buffer, sizeof(buffer), at)) > 0) {
      text.append(buffer, got);
      at += got;
    }
  }
  if (aside >= 0) close(aside);
  kept_error = aside = -1;
  napi_value result;
  napi_create_string_utf8(env, text.data(), text.size(), &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value begin, end;
  napi_create_function(env, "begin", NAPI_AUTO_LENGTH, Begin, nullptr, &begin);
  napi_create_function(env, "end", NAPI_AUTO_LENGTH, End, nullptr, &end);
  napi_set_named_property(env, exports, "begin", begin);
  napi_set_named_property(env, exports, "end", end);
  return exports;
}
`;
