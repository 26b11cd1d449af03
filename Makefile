# The project's commands. `make serve` and `make test` set up what they need on a Debian 12.
BUILD  ?= build
JOBS   ?= $(shell nproc)
CMAKE_FLAGS ?=
PREFIX ?= /usr/local
LAUNCHER := $(shell command -v ccache >/dev/null 2>&1 && echo -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
CONFIGURE = cmake -S . -G Ninja $(LAUNCHER) $(CMAKE_FLAGS)

.PHONY: help build cuda install test serve bench asan tsan fuzz soak client-test page-test format format-check tidy clean setup

help:
	@echo "make serve   build, and serve the embedded model on http://127.0.0.1:8000"
	@echo "make test    build and run every test"
	@echo "make build   the program: $(BUILD)/loci"
	@echo "make cuda    the library of kernels for NVIDIA GPUs, where nvcc is there: build-cuda/libloci_cuda.so"
	@echo "make install PREFIX=/usr/local DESTDIR=   program, documents, systemd unit; behind make build"
	@echo "make bench   kernel and model speed on this machine"
	@echo "make asan, make tsan   the tests under AddressSanitizer + UBSan, ThreadSanitizer"
	@echo "make client-test       the official openai Python client against this server"
	@echo "make page-test         the chat page in a headless Chromium"
	@echo "make fuzz    libFuzzer, FUZZ_SECONDS (default 60) a target;  make soak  long random runs"
	@echo "make format, make format-check, make tidy, make clean"

setup:
	@tools/setup/debian.sh

build: setup
	@$(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=Release >$(BUILD).configure.log 2>&1 || { cat $(BUILD).configure.log; exit 1; }
	@rm -f $(BUILD).configure.log
	@cmake --build $(BUILD) -j $(JOBS) --target loci

# For NVIDIA GPUs, where there is nvcc.
cuda: setup
	@command -v nvcc >/dev/null || test -x /usr/local/cuda/bin/nvcc || { echo "nvcc is not there: install the CUDA toolkit, 12.4 to 13" >&2; exit 1; }
	@$(CONFIGURE) -B build-cuda -DCMAKE_BUILD_TYPE=Release -DLOCI_CUDA=ON >/dev/null
	@cmake --build build-cuda -j $(JOBS) --target loci_cuda

# Builds nothing, so that `sudo make install` leaves no files of root in the tree.
install:
	@test -x $(BUILD)/loci || { echo "$(BUILD)/loci is not there: run make build first" >&2; exit 1; }
	@cmake --install $(BUILD) --prefix $(PREFIX) --strip

test: build
	@cmake --build $(BUILD) -j $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

serve: build
	@$(BUILD)/loci serve

bench: build
	@$(BUILD)/loci bench kernels
	@$(BUILD)/loci bench model

asan: setup
	@$(CONFIGURE) -B build-asan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DLOCI_SANITIZE=address,undefined >/dev/null
	@cmake --build build-asan -j $(JOBS)
	@ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 ctest --test-dir build-asan --output-on-failure -j $(JOBS)

# Only the layers that have threads. `program` runs the whole house, which must be compiled for it.
TSAN_TESTS ?= base kernels engine server bench program
empty :=
space := $(empty) $(empty)
tsan: setup
	@$(CONFIGURE) -B build-tsan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DLOCI_SANITIZE=thread >/dev/null
	@cmake --build build-tsan -j $(JOBS) --target $(addsuffix _test,$(TSAN_TESTS))
	@TSAN_OPTIONS=suppressions=$(CURDIR)/tests/tsan.supp ctest --test-dir build-tsan --output-on-failure -j $(JOBS) \
	  -R '^($(subst $(space),|,$(strip $(TSAN_TESTS))))$$'

fuzz:
	@tools/setup/debian.sh clang
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

soak: build
	@cmake --build $(BUILD) -j $(JOBS)
	@LOCI_SOAK=1 ctest --test-dir $(BUILD) --output-on-failure

client-test: build
	@tools/setup/debian.sh python
	@tests/openai_client/run.sh $(BUILD)/loci

page-test: build
	@tools/setup/debian.sh page
	@tests/page/run.sh $(BUILD)/loci

format:
	@tools/setup/debian.sh clang
	@git ls-files '*.h' '*.cc' '*.cu' '*.cuh' | xargs clang-format-19 -i

format-check:
	@tools/setup/debian.sh clang
	@git ls-files '*.h' '*.cc' '*.cu' '*.cuh' | xargs clang-format-19 --dry-run -Werror

tidy: build
	@tools/setup/debian.sh clang
	@git ls-files 'src/*.cc' | grep -v -E '_fuzz\.cc$$' | xargs -P $(JOBS) -n 4 clang-tidy-19 -p $(BUILD) --quiet

clean:
	@rm -rf build build-asan build-tsan build-fuzz
