#!/bin/sh
# Makes sure that this machine can build the native tests: a C compiler with AddressSanitizer and
# UndefinedBehaviorSanitizer; with the argument "fuzz", clang with libFuzzer. Uses CC (or FUZZ_CC) when it is set.
# Installs Debian packages when something is missing and it may; otherwise says what to install, and fails.
set -eu

if [ "${1:-}" = fuzz ]; then
  compiler=${FUZZ_CC:-clang}
  flags="-fsanitize=fuzzer,address,undefined"
  program="#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return size > 1 && data[0] && data[1] ? 0 : 0; }"
  set -- clang libc6-dev
  purpose="the fuzz targets need clang with libFuzzer"
  try="-runs=1"
else
  compiler=${CC:-cc}
  flags="-fsanitize=address,undefined"
  program="int main(void) { return 0; }"
  set -- gcc libc6-dev
  purpose="the unit tests need a C compiler with AddressSanitizer"
  try=""
fi

works() {
  folder=$(mktemp -d)
  printf '%s\n' "$program" >"$folder/try.c"
  result=0
  # shellcheck disable=SC2086 # the compiler and its flags are lists of words
  { $compiler -std=c17 $flags -o "$folder/try" "$folder/try.c" && "$folder/try" $try; } >"$folder/log" 2>&1 || result=1
  rm -rf "$folder"
  return $result
}

if works; then
  exit 0
fi

as_root=none
if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
fi

if command -v apt-get >/dev/null 2>&1 && [ "$as_root" != none ]; then
  echo "setup-native: installing $*" >&2
  { DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
    { $as_root apt-get update >/dev/null 2>&1 &&
      DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1; }; } || true
  if works; then
    exit 0
  fi
fi

echo "setup-native: $purpose, and $compiler is not one; install the packages $*, or set CC (FUZZ_CC for fuzzing)." >&2
exit 1
