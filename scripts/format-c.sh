#!/bin/sh
# Formats C files. Usage: scripts/format-c.sh FILE...
set -eu
command -v clang-format >/dev/null || { echo "clang-format is missing: apt-get install clang-format" >&2; exit 1; }
clang-format -i "$@"
