# For the people who build and run the worker; `make help` lists what there is. Everything sets itself up.
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# What wrangler and Miniflare would otherwise ask or send.
export WRANGLER_SEND_METRICS := false
export DO_NOT_TRACK := 1

modules := node_modules/.package-lock.json
cjson := build/vendor/cjson/cJSON.c
core := $(shell find src include -name '*.[ch]')
native_c := $(shell find src include tests/unit tests/fuzz -name '*.[ch]')

.PHONY: build dev demo test lint format size bench bench-core audit clean help

build: build/worker.wasm ## Build the worker (build/worker.wasm)

dev: build ## Run the worker with an embedded Supabase; Ctrl-C stops both
	@node scripts/dev.mjs

demo: build ## Drive the worker once through its whole story
	@node scripts/demo.mjs

test: build build/native/unit typecheck ## Run all tests
	@node --test --test-concurrency=2 --test-timeout=600000 "tests/**/*.test.mjs"

.PHONY: typecheck
typecheck: $(modules)
	@tsc -p jsconfig.json
	@tsc -p tsconfig.json

lint: $(modules) $(cjson) typecheck ## Check formatting, types and common mistakes
	@prettier --log-level warn --check .
	@sh scripts/lint-c.sh $(native_c)

format: $(modules) ## Format C and JavaScript
	@prettier --log-level warn --write .
	@sh scripts/format-c.sh $(native_c)

size: build ## Print what a deploy uploads
	@wrangler deploy --dry-run --outdir build/dry-run

bench: build ## Measure against what people would otherwise run
	@node bench/run.mjs

bench-core: $(modules) $(cjson) ## Measure the steps of the core alone, native and WebAssembly
	@node bench/core/run.mjs

audit: $(modules) ## Look for known holes in what runs in production; says so when it cannot ask
	@sh scripts/audit.sh

clean: ## Remove what was built (not node_modules, not .dev)
	@rm -rf build .wrangler

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

# One sentence instead of npm's pages when something is missing.
$(modules): package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js (any version with npm 8 or later)." >&2; exit 1; }
	@npm ci --loglevel=error || { echo "npm ci failed: check the network and try again." >&2; exit 1; }
	@touch $@

$(cjson): scripts/fetch-cjson.sh
	@sh scripts/fetch-cjson.sh
	@touch $@

# The build replaces the module when it is complete; make must not remove the old one when it is interrupted.
.PRECIOUS: build/worker.wasm
build/worker.wasm: $(core) $(cjson) $(modules) scripts/build.mjs
	@node scripts/build.mjs

include scripts/native.mk
