#!/bin/sh
# Fetches cJSON into build/vendor/cjson, from upstream's release or from Debian's source package: the same tarball,
# pinned by its hash. Usage: scripts/fetch-cjson.sh [TARGET_FOLDER]
set -eu

version=1.7.19
sha256=7fa616e3046edfa7a28a32d5f9eacfd23f92900fe1f8ccd988c1662f30454562
upstream=https://github.com/DaveGamble/cJSON/archive/refs/tags/v$version.tar.gz
target=${1:-build/vendor/cjson}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

is_good() {
  [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$sha256" ]
}

# Node is there whenever npm is; curl need not be.
from_upstream() {
  node --input-type=module -e '
    import { writeFileSync } from "node:fs";
    const reply = await fetch(process.argv[1], { signal: AbortSignal.timeout(60_000) });
    writeFileSync(process.argv[2], Buffer.from(await reply.arrayBuffer()));
  ' "$upstream" "$work/cjson.tar.gz" 2>/dev/null
}

# Debian keeps the same tarball as the source of its package. The suite that has this version need not be the machine's
# own, so that a list of sources is made for this one call, from the mirror that the machine uses.
from_debian() {
  command -v apt-get >/dev/null 2>&1 || return 1
  mirror=$({ sed -n 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/*.sources
    sed -n 's/^deb [^h]*\(http[^ ]*\).*/\1/p' /etc/apt/sources.list; } 2>/dev/null | grep -m1 '/debian/*$') || return 1
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keyring" ] || return 1
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  echo "deb-src [signed-by=$keyring] $mirror sid main" >"$work/sources.list"
  set -- -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=
  (cd "$work" && apt-get "$@" update && apt-get "$@" source --download-only "cjson=$version-2") >/dev/null 2>&1
  mv "$work/cjson_$version.orig.tar.gz" "$work/cjson.tar.gz" 2>/dev/null
}

command -v sha256sum >/dev/null 2>&1 || { echo "sha256sum is missing: install coreutils." >&2; exit 1; }
for source in from_upstream from_debian; do
  $source && is_good "$work/cjson.tar.gz" && break
done
is_good "$work/cjson.tar.gz" || {
  echo "cJSON $version could not be downloaded: check the network, or put the tarball's cJSON.c and cJSON.h into $target." >&2
  exit 1
}
tar -xzf "$work/cjson.tar.gz" -C "$work" --strip-components=1
mkdir -p "$target"
cp "$work/cJSON.h" "$work/LICENSE" "$target/"
# The source last: its presence says that the folder is complete.
cp "$work/cJSON.c" "$target/cJSON.c"
