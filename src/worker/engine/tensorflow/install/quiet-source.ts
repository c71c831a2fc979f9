/** What the add-on exports. */
export interface Quiet {
  begin(): void;
  /** What was written to standard error meanwhile. */
  end(): string;
  /** Loads a library by its path; returns why it could not be, or ''. */
  preload(file: string): string;
}

/**
 * C++ of a small add-on for what has to be done before TensorFlow's library is loaded. It keeps
 * aside what is written to standard error between two calls: the library greets while it is loaded,
 * before any code could set how much it logs. And it loads libraries by their paths.
 */
export const QUIET_SOURCE = `#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <node_api.h>
#include <dlfcn.h>
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

static napi_value Preload(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value path_value;
  napi_get_cb_info(env, info, &argc, &path_value, nullptr, nullptr);
  char path[4096];
  size_t length = 0;
  std::string fault = "its path is too long";
  if (napi_get_value_string_utf8(env, path_value, path, sizeof(path), &length) ==
          napi_ok &&
      length + 1 < sizeof(path)) {
    // For good: it is never closed.
    const bool is_loaded = dlopen(path, RTLD_LAZY | RTLD_LOCAL) != nullptr;
    const char *said = is_loaded ? nullptr : dlerror();
    fault = is_loaded ? "" : said != nullptr ? said : "dlopen failed";
  }
  napi_value result;
  napi_create_string_utf8(env, fault.data(), fault.size(), &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value begin, end, preload;
  napi_create_function(env, "begin", NAPI_AUTO_LENGTH, Begin, nullptr, &begin);
  napi_create_function(env, "end", NAPI_AUTO_LENGTH, End, nullptr, &end);
  napi_set_named_property(env, exports, "begin", begin);
  napi_set_named_property(env, exports, "end", end);
  napi_create_function(env, "preload", NAPI_AUTO_LENGTH, Preload, nullptr, &preload);
  napi_set_named_property(env, exports, "preload", preload);
  return exports;
}
`;
