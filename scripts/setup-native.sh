#!/bin/sh
# Makes sure that this machine can build the native tests: a C compiler with AddressSanitizer and
# UndefinedBehaviorSanitizer; with the argument "fuzz", clang with libFuzzer. CC and FUZZ_CC choose another compiler.
# Installs Debian packages when something is missing and it may; otherwise says what to install, and fails.
set -eu

if [ "${1:-}" = fuzz ]; then
  default=clang
  compiler=${FUZZ_CC:-clang}
  flags="-fsanitize=fuzzer,address,undefined"
  program="#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return size > 1 && data[0] && data[1] ? 0 : 0; }"
  try="-runs=1"
  packages="clang libc6-dev"
  need="the fuzz targets need clang with libFuzzer (packages clang, libc6-dev and libclang-rt-<version>-dev)"
else
  default=cc
  compiler=${CC:-cc}
  flags="-fsanitize=address,undefined"
  program="int main(void) { return 0; }"
  try=""
  packages="gcc libc6-dev"
  need="the unit tests need a C compiler with AddressSanitizer (packages gcc and libc6-dev)"
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

as_root() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo -n DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

may_install() {
  command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

install() {
  echo "setup-native: installing $*" >&2
  as_root apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
    { as_root apt-get update >/dev/null 2>&1 && as_root apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1; }
}

works && exit 0
if [ "$compiler" = "$default" ] && may_install; then
  # shellcheck disable=SC2086 # a list of words
  install $packages && works && exit 0
  # Debian splits the sanitizers' and libFuzzer's libraries off, into a package that carries clang's version.
  if [ "$default" = clang ] && command -v clang >/dev/null 2>&1; then
    install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" && works && exit 0
  fi
fi
echo "setup-native: $need; $compiler is not one or is missing." >&2
exit 1
