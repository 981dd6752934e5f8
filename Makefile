# tlab: one binary, the Lua library and the schemas inside it.
#   make            build/tlab            make test       the daily loop, under a minute
#   make demo       the main job          make test-all   everything (sanitizers, faults, real model)
#   make bench      what it costs, beside its peers (FIGURES=FILE.md writes a page)
#   make lint       formatting, linters    make format     lays C, Lua, Python and Rust out
#   make hooks      the same at each git commit, on what is committed
#   make deps       system packages       make install    PREFIX=/usr/local DESTDIR=
#   make tools      programs of recipes   make install-tools
#   make nix-check  flake.nix, by nix     make check      what a build sandbox can test
# Variables: BUILD=dir  DEV=1 (-Werror)  SAN=1 (ASan and UBSan)  CC=clang  V=1 (show commands)  JOBS=n
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
PKG_CONFIG ?= pkg-config
VERSION := $(shell cat VERSION)
JOBS    ?= $(shell nproc)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

# A checkout that belongs to somebody else is built in a folder of one's own.
ifneq ($(shell test -w $(BUILD) || { test ! -e $(BUILD) && { test -w . || test '$(BUILD:/%=/)' = /; }; } || echo no),)
$(error $(BUILD) cannot be written by you: make BUILD=/a/folder/of/yours)
endif

# Commands are shown with V=1, otherwise one short line each.
Q   := $(if $(V),,@)
say  = @$(if $(V),:,printf '  %-6s %s\n' '$(1)' '$(2)')

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wundef -Wvla -Wcast-qual \
  -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
  -Wnull-dereference -fno-common
ifneq ($(shell $(CC) --version 2>/dev/null | grep -ci clang),0)
else
WARN += -Wduplicated-cond -Wlogical-op
endif
ifdef DEV
WARN += -Werror
endif
# C here has no exceptions, and a debugger finds its frames in the symbols: no second table for unwinding.
HARDEN := -fstack-protector-strong -fPIE -fno-asynchronous-unwind-tables
ifeq ($(shell uname -m),x86_64)
HARDEN += -fcf-protection
endif
ifdef SAN
OPT := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DTL_SANITIZED
else
OPT := -O2 -g
HARDEN += -D_FORTIFY_SOURCE=3
endif

# Headers of libraries count as system headers: their warnings are not ours.
sys = $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(1)))
# Asked for once, when something is first compiled: `make deps` must work before pkg-config is there.
LIBS_H = $(eval LIBS_H := $(foreach lib,lua5.4 libgit2 libcurl libcrypto libedit,$(call sys,$(lib))))$(LIBS_H)
# Lua, cjson and libcrypto's SHA-256 are linked in; libcurl and libgit2 are opened on first use
# (core/prim/lazy.h). Without a libcrypto.a the shared one does; it costs time at every start.
LUA_LIBS   ?= $(eval LUA_LIBS := $(shell $(PKG_CONFIG) --variable=libdir lua5.4)/liblua5.4.a)$(LUA_LIBS)
CJSON_LIBS ?= -l:liblua5.4-cjson.a
CRYPTO_LIBS ?= $(eval CRYPTO_LIBS := $(or $(wildcard $(shell $(PKG_CONFIG) --variable=libdir libcrypto)/libcrypto.a),-lcrypto))$(CRYPTO_LIBS)
LIBS = $(CJSON_LIBS) $(LUA_LIBS) $(CRYPTO_LIBS) -lm -ldl
# What is opened on first use is looked for by its name as Debian has it; LIBCURL=/path/libcurl.so names another.
OPENED := LIBCRYPTO LIBCURL LIBGIT2 LIBZ LIBEDIT

CPPFLAGS += -D_GNU_SOURCE -DTL_VERSION='"$(VERSION)"' $(LIBS_H) \
  $(foreach lib,$(OPENED),$(if $($(lib)),-DTL_$(lib)='"$($(lib))"'))
CFLAGS   += -std=c17 $(OPT) $(WARN) $(HARDEN)
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections $(if $(SAN),-fsanitize=address$(comma)undefined) \
  -Wl,--export-dynamic-symbol=mbedtls_x509_crt_parse_file
comma := ,

SRC := $(sort $(wildcard core/base/*.c core/prim/*.c core/gate/*.c core/lua/*.c)) core/main.c
OBJ := $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/embedded.o
EMBED := $(sort $(shell find lua schemas -type f ! -name '.*' ! -name '*~'; find recipes -name '*.lua' ! -name '.*') docs/3-extend/LIBRARY.md)

all: $(BUILD)/tlab $(BUILD)/said/tlab.1

$(BUILD)/tlab: $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJ) $(LIBS)

$(BUILD)/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -ffunction-sections -fdata-sections -MMD -MP -I. -c -o $@ $<

$(BUILD)/embed: core/embed.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -O1 $(WARN) $(LIBS_H) -o $@ $< $(LUA_LIBS) $(CRYPTO_LIBS) -lm -ldl

$(BUILD)/embedded.c: $(BUILD)/embed $(EMBED)
	$(call say,EMBED,$(words $(EMBED)) files)
	$(Q)$(BUILD)/embed $(EMBED) > $@.tmp && mv $@.tmp $@

$(BUILD)/embedded.o: $(BUILD)/embedded.c
	$(Q)$(CC) $(CPPFLAGS) -std=c17 -O0 -fPIE -I. -c -o $@ $<

# --- tools ------------------------------------------------------------------------------------
# Programs that recipes call (proc.run finds them beside the binary).
tools: $(BUILD)/tools/py_post $(BUILD)/tools/rust_extractor

# Its crates are pinned with hashes in Cargo.lock; once fetched, it builds without a network.
EXTRACTOR := recipes/tools/rust_extractor
CARGO = cargo
IN_CRATE = --locked --manifest-path $(EXTRACTOR)/Cargo.toml --target-dir $(BUILD)/cargo
$(BUILD)/tools/rust_extractor: $(wildcard $(addprefix $(EXTRACTOR)/,Cargo.* src/*.rs queries/*.scm))
	@command -v $(CARGO) >/dev/null || { \
	  echo "rust_extractor needs cargo 1.85 or later: apt-get install cargo-web, or rustup" >&2; exit 1; }
	$(call say,TOOL,$@)
	$(Q)$(CARGO) build --quiet --release -j $(JOBS) $(IN_CRATE)
	$(Q)install -D -m 755 $(BUILD)/cargo/release/rust_extractor $@

PY_POST := recipes/tools/py_post
$(BUILD)/tools/py_post: $(wildcard $(PY_POST)/src/py_post/*.* $(PY_POST)/*.lock $(PY_POST)/*.toml $(PY_POST)/*.sh)
	$(call say,TOOL,$@)
	$(Q)$(PY_POST)/install.sh $(BUILD)/tools

# What they are checked with.
tools-check: tools $(BUILD)/tools/py_post.check/installed

$(BUILD)/tools/py_post.check/installed: $(PY_POST)/requirements-dev.lock $(PY_POST)/install.sh
	$(call say,VENV,$<)
	$(Q)$(PY_POST)/install.sh $(BUILD)/tools check
	$(Q)touch $@

# --- tests ------------------------------------------------------------------------------------
# Unit tests are programs that link what they use from the core (all of it but main.c).
UNIT := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))
TEST_LIBS := -lcmocka -lcrypto -lpthread

$(BUILD)/core.a: $(filter-out $(BUILD)/core/main.o,$(OBJ))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(UNIT): $(BUILD)/%: %.c $(BUILD)/core.a
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) -I. $(CPPFLAGS) $(CFLAGS) -MMD -MP -MT $@ $(LDFLAGS) -o $@ $< $(BUILD)/core.a \
	  $(TEST_LIBS) $(LIBS)

# Stands between the binary and libc in tests/e2e/test_short.py, so nothing of the core is in it.
SHORT := $(BUILD)/tests/e2e/short.so
$(SHORT): tests/e2e/short.c
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) -std=c17 -O1 -Wall -Wextra -fPIC -shared -o $@ $< -ldl

programs: all $(UNIT)

unit: $(UNIT)
	CMOCKA_MESSAGE_OUTPUT=TAP prove -e '' $(UNIT)

# What holds in a build sandbox too, where there are no network, no home, no git and no /usr/bin.
CHECK := base hash index_csv index_query index_row json order private sandbox secret text_diff wire worker
check: all $(CHECK:%=$(BUILD)/tests/unit/test_%)
	@BUILD=$(BUILD) CHECK='$(CHECK)' bash tests/run.sh check

$(BUILD)/tests/suites/json_suite: tests/suites/json_suite.c $(BUILD)/core.a
	@mkdir -p $(@D)
	$(call say,TEST,$<)
	$(Q)$(CC) -I. $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/core.a $(LIBS)

# libFuzzer is clang's, whatever CC is.
FUZZ := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_INDEX := $(addprefix core/prim/,index_csv.c index_query.c index_scan.c index_page.c index_sort.c fs_open.c)
$(BUILD)/tests/fuzz/fuzz_index: ALSO_IN := $(FUZZ_INDEX)
$(BUILD)/tests/fuzz/fuzz_index: $(FUZZ_INDEX)
$(FUZZ): $(BUILD)/%: %.c $(wildcard core/base/*)
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)clang -I. $(CPPFLAGS) -std=c17 -g -O1 -fsanitize=fuzzer,address,undefined \
	  -fno-sanitize-recover=all -o $@ $< core/base/*.c $(ALSO_IN) -lm

# The Python tools of the tests, pinned by hash. A list that is newer but not other, as in a clone that builds
# into this folder, is no reason to make them anew.
venv: $(BUILD)/venv/installed
$(BUILD)/venv/installed: tests/requirements.txt
	$(call say,VENV,$<)
	$(Q)cmp -s $< $@ || { rm -rf $(BUILD)/venv && python3 -m venv $(BUILD)/venv && \
	  $(BUILD)/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	    --only-binary :all: -r $<; } || { \
	  echo "the Python packages of the tests ($<) could not be had: that takes a network, once; tlab needs none of them" >&2; \
	  exit 1; }
	$(Q)cp $< $@

# What stands in for nixpkgs' Python.
$(BUILD)/venv-nix/installed: tests/nix/requirements.txt
	$(call say,VENV,$<)
	$(Q)rm -rf $(BUILD)/venv-nix
	$(Q)python3 -m venv $(BUILD)/venv-nix
	$(Q)$(BUILD)/venv-nix/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r $<
	$(Q)touch $@

requirements:
	python3 -m venv $(BUILD)/pins
	$(BUILD)/pins/bin/python -m pip install --quiet --disable-pip-version-check uv
	for pins in tests/requirements tests/lint/requirements tests/bench/requirements tests/nix/requirements; do \
	  $(BUILD)/pins/bin/uv pip compile --quiet --upgrade --generate-hashes --python-version 3.11 \
	    --no-header --no-annotate -o $$pins.txt $$pins.in || exit; \
	done
	for pins in $(PY_POST)/requirements $(PY_POST)/requirements-dev; do \
	  $(BUILD)/pins/bin/uv pip compile --quiet --upgrade --generate-hashes --python-version 3.11 \
	    --no-header --no-annotate -o $$pins.lock $$pins.in || exit; \
	done

# One check: tests/lint/run.sh NAME; .pre-commit-config.yaml and the head of run.sh list them.
lint:
	@.ci/deps build lint
	@$(MAKE) -s --no-print-directory all read-with
	@BUILD=$(BUILD) tests/run.sh lint

# mypy reads what the tests and py_post import.
read-with: venv
	@test -x $(BUILD)/tools/py_post.venv/bin/python || $(MAKE) -s --no-print-directory $(BUILD)/tools/py_post
	@$(PY_POST)/install.sh $(BUILD)/tools check

format:
	@.ci/deps lint
	@BUILD=$(BUILD) tests/lint/run.sh fix

hooks:
	@.ci/deps build lint
	@$(MAKE) -s --no-print-directory read-with
	@BUILD=$(BUILD) tests/lint/run.sh install
	@$(BUILD)/venv-lint/bin/pre-commit install

# The pages of operations and errors and what editors are told of recipes come from the binary's own tables,
# the pages of schemas from schemas/; a test says when they are old.
docs: $(BUILD)/tlab
	$(BUILD)/tlab ops --json | python3 tests/docs/operations.py > docs/reference/OPERATIONS.md
	$(BUILD)/tlab explain --json | python3 tests/docs/errors.py > docs/reference/ERRORS.md
	python3 tests/docs/schemas.py docs/reference/schemas
	$(BUILD)/tlab --self-test tests/docs/stubs.lua

# README's picture: a recording of what the binary prints; a test says when it is old.
picture: $(BUILD)/tlab venv
	$(BUILD)/venv/bin/python tests/docs/record.py --tlab $(BUILD)/tlab

# What the binary says of itself: the manual page, and completions for three shells. Made with it, so that
# `sudo make install` leaves nothing of root's in a build folder.
SAID := $(BUILD)/said
$(SAID)/tlab.1: $(BUILD)/tlab
	@mkdir -p $(@D)
	$(call say,SAID,$(@D))
	$(Q)for shell in bash zsh fish; do $< completion $$shell > $(@D)/$$shell || exit; done
	$(Q)$< help man > $@.tmp && mv $@.tmp $@

# The binary, what it says of itself, examples of recipes, and the licence. The Lua library and the schemas are
# in the binary.
SHARE = $(DESTDIR)$(PREFIX)/share
install: $(BUILD)/tlab $(SAID)/tlab.1
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/tlab/recipes
	install -D -m 644 $(SAID)/tlab.1 $(SHARE)/man/man1/tlab.1
	install -D -m 644 $(SAID)/bash $(SHARE)/bash-completion/completions/tlab
	install -D -m 644 $(SAID)/zsh $(SHARE)/zsh/site-functions/_tlab
	install -D -m 644 $(SAID)/fish $(SHARE)/fish/vendor_completions.d/tlab.fish
	install -s -m 755 $(BUILD)/tlab $(DESTDIR)$(PREFIX)/bin/tlab
	install -m 644 recipes/*.lua $(SHARE)/tlab/recipes/
	install -m 644 LICENSE $(SHARE)/tlab/LICENSE

# The tools are made in their place, which takes packages from PyPI.
install-tools: $(BUILD)/tools/rust_extractor
	install -D -m 755 $< $(DESTDIR)$(PREFIX)/libexec/tlab/rust_extractor
	$(PY_POST)/install.sh $(DESTDIR)$(PREFIX)/libexec/tlab

deps:
	@.ci/deps build

deps-test:
	@.ci/deps build test

# The main job: a small real model asked, the run replayed and verified.
demo: deps
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tests/model/demo.sh

# The groups that take longest come first, so that no processor is idle at their end.
# Packages first: what is built looks for them when make starts, so it is another make's work.
test: deps-test
	@$(MAKE) -s --no-print-directory all $(UNIT) $(SHORT) venv
	@BUILD=$(BUILD) tests/run.sh docs cli recipes ops arch unit lua e2e

# flake.nix against a stand-in for nixpkgs that is made of the machine's own programs.
nix-check:
	@.ci/deps build test test-all lint nix
	@BUILD=$(BUILD) tests/lint/run.sh install
	@$(MAKE) -s --no-print-directory venv tools tools-check $(BUILD)/venv-nix/installed
	@BUILD=$(BUILD) tests/run.sh nix

# MORE is what test-all does beyond test; what each of its groups is made of.
MORE := lint tools nix slow user san suites fuzz
NEEDS_lint = read-with
NEEDS_tools = tools-check
NEEDS_nix = tools-check $(BUILD)/venv-nix/installed
NEEDS_slow = tools-check $(SHORT)
NEEDS_user = $(UNIT) $(SHORT)
NEEDS_san = san
NEEDS_suites = $(BUILD)/tests/suites/json_suite
NEEDS_fuzz = $(FUZZ)
test-more:
	@.ci/deps build test test-all lint nix
	@$(MAKE) -s --no-print-directory all venv $(sort $(foreach group,$(MORE),$(NEEDS_$(group))))
	@BUILD=$(BUILD) tests/run.sh $(ALSO) $(MORE)

san:
	@$(MAKE) -s --no-print-directory SAN=1 BUILD=$(BUILD)-san all $(UNIT:$(BUILD)/%=$(BUILD)-san/%)

test-all: deps-test
	@$(MAKE) -s --no-print-directory all $(UNIT) $(SHORT) venv
	@$(MAKE) -s --no-print-directory test-more ALSO='docs cli recipes ops arch unit lua e2e'

# --- figures ----------------------------------------------------------------------------------
$(BUILD)/bench/mock: tests/bench/mock.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $<

$(BUILD)/bench/bare_read: tests/bench/bare_read.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $<

# Peers from PyPI; one that cannot be had is left out, and named.
$(BUILD)/bench/venv/installed: tests/bench/requirements.txt
	@mkdir -p $(@D)
	-python3 -m venv $(@D) && $(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --only-binary :all: -r $< && touch $@

bench:
	@.ci/deps build bench
	@$(MAKE) -s --no-print-directory all $(BUILD)/bench/mock $(BUILD)/bench/bare_read $(BUILD)/bench/venv/installed
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 python3 tests/bench/bench.py \
	  $(if $(FIGURES),--figures $(FIGURES)) $(if $(ONLY),--only $(ONLY))

clean:
	rm -rf $(BUILD) $(BUILD)-san

-include $(OBJ:.o=.d) $(UNIT:=.d)
.PHONY: all bench check nix-check demo programs tools tools-check unit venv requirements lint read-with format hooks docs picture install install-tools deps deps-test san test test-more test-all clean
.DELETE_ON_ERROR:
