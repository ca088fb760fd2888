#!/bin/sh
# Checks C files: formatting and common mistakes. Usage: scripts/lint-c.sh FILE...
set -eu
for tool in clang-format cppcheck; do
  command -v $tool >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2; exit 1; }
done
clang-format --dry-run --Werror "$@"
# shellcheck disable=SC2046
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
  --suppress=missingIncludeSystem -Iinclude -Ibuild/vendor/cjson -Itests/unit $(printf '%s\n' "$@" | grep '^src/.*\.c$')
