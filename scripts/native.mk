# The native builds of the core: unit tests and fuzz targets, always under AddressSanitizer and
# UndefinedBehaviorSanitizer. Everything goes to build/native/. CC and FUZZ_CC choose the compilers.

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60

native := build/native
cjson_dir ?= build/vendor/cjson
core_sources := $(filter-out src/host_wasm.c,$(wildcard src/*.c src/*/*.c))
unit_sources := $(wildcard tests/unit/*.c)
# The fake port and its upstream, which the fuzz targets drive as well.
fake_sources := $(wildcard tests/unit/fake_*.c) $(addprefix tests/unit/,scenes.c sha256.c vectors.c)
fuzz_names := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_shared := $(filter-out tests/fuzz/fuzz_%.c,$(wildcard tests/fuzz/*.c))

native_flags := -std=c17 -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all -MMD -MP \
	-Iinclude -Itests/unit -isystem $(cjson_dir) -DCJSON_NESTING_LIMIT=32
native_warnings := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wstrict-prototypes -Wvla -Werror
unit_sanitizers := -fsanitize=address,undefined
fuzz_sanitizers := -fsanitize=fuzzer-no-link,address,undefined

# Objects of different compilers do not mix: each has its own folder.
unit_objects := $(native)/unit-$(notdir $(firstword $(CC)))
fuzz_objects := $(native)/fuzz-$(notdir $(firstword $(FUZZ_CC)))
objects = $(patsubst %.c,$(1)/%.o,$(core_sources) $(2)) $(1)/cJSON.o

.PHONY: unit fuzz fuzz-short
unit: $(native)/unit ## Run the native unit tests only
	@$(native)/unit

fuzz: $(fuzz_names:%=$(native)/fuzz/%) ## Fuzz each target for FUZZ_SECONDS (60)
	@for name in $(fuzz_names); do sh scripts/fuzz.sh $$name $(FUZZ_SECONDS) || exit 1; done

fuzz-short: ## Fuzz each target for three seconds
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=3

$(native)/unit-compiler: scripts/setup-native.sh
	@mkdir -p $(@D)
	@CC="$(CC)" sh scripts/setup-native.sh
	@touch $@

$(native)/fuzz-compiler: scripts/setup-native.sh
	@mkdir -p $(@D)
	@FUZZ_CC="$(FUZZ_CC)" sh scripts/setup-native.sh fuzz
	@touch $@

$(native)/unit: $(call objects,$(unit_objects),$(unit_sources))
	@$(CC) $(unit_sanitizers) -o $@ $^ -lm

$(unit_objects)/%.o: %.c $(cjson_dir)/cJSON.c scripts/native.mk | $(native)/unit-compiler
	@mkdir -p $(@D)
	@$(CC) $(native_flags) $(native_warnings) $(unit_sanitizers) -c -o $@ $<

$(unit_objects)/cJSON.o: $(cjson_dir)/cJSON.c scripts/native.mk | $(native)/unit-compiler
	@mkdir -p $(@D)
	@$(CC) $(native_flags) $(unit_sanitizers) -c -o $@ $<

$(native)/fuzz/%: $(fuzz_objects)/tests/fuzz/fuzz_%.o $(call objects,$(fuzz_objects),$(fake_sources) $(fuzz_shared))
	@mkdir -p $(@D)
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ -lm

$(fuzz_objects)/%.o: %.c $(cjson_dir)/cJSON.c scripts/native.mk | $(native)/fuzz-compiler
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(native_flags) $(native_warnings) $(fuzz_sanitizers) -c -o $@ $<

$(fuzz_objects)/cJSON.o: $(cjson_dir)/cJSON.c scripts/native.mk | $(native)/fuzz-compiler
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(native_flags) $(fuzz_sanitizers) -c -o $@ $<

.PRECIOUS: $(fuzz_objects)/%.o
-include $(wildcard $(unit_objects)/*.d $(unit_objects)/*/*.d $(unit_objects)/*/*/*.d)
-include $(wildcard $(fuzz_objects)/*.d $(fuzz_objects)/*/*.d $(fuzz_objects)/*/*/*.d)
