# SPDX-License-Identifier: GPL-2.0-only
# The one entry. CMake builds userspace, kbuild the module; both build below build/.

BUILD := build
KVER ?=
# Kernels on which `make check` runs the kernel tests.
CHECK_KERNELS := 6.1 6.12
# For check-causes; empty: all that it knows and that setup has fetched.
KERNELS ?=
# The kernel of `make bench-kernel`.
BENCH_KERNEL := 6.1
prefix ?= /usr/local

.PHONY: all help setup programs kmod kmod-check load unload demo check check-all check-causes check-matrix check-pmu bench bench-kernel \
	install clean

all: programs
	@if scripts/kmod-build --have >/dev/null 2>&1; then $(MAKE) --no-print-directory kmod; \
	else echo "The kernel module is not built: no kernel headers here (make kmod tells what to install)."; fi

help:
	@echo "make                  programs (build/bin) and the kernel module (build/kmod/KVER)"
	@echo "make demo             trace a real kernel in a VM, and show what moved and why"
	@echo "make check            all tests: units, recorded cases, whole programs, kernels $(CHECK_KERNELS)"
	@echo "make check-all        the slow proofs as well: built into a kernel, debug kernel, faults, fuzzers, load for minutes, 64 CPUs, arm64, a browser"
	@echo "make check-matrix     the kernel tests on every kernel the module is for, 5.10 to the newest (docs/kernels.md)"
	@echo "make check-causes     is the cause true? Against the stack of every migration, on KERNELS='6.1 ...' or all fetched"
	@echo "make check-pmu        what perf_kvm_server counts with a PMU: this machine's, if it has one, and an emulated one of arm64"
	@echo "make bench            how fast the analyzers are, beside wc, mawk and sort, mig_mon, beside its peers and OLD_MIG_MON=PROGRAM, vm_dirty_track, dirtylog_verify, perf_kvm_server, and migrate_predict beside real migrations"
	@echo "make bench-kernel     what tracing a migration costs, beside ftrace, BPF, perf and LTTng in the same boot; BENCH_KERNEL=$(BENCH_KERNEL)"
	@echo "make setup            install packages and fetch kernels (demo and check do that themselves)"
	@echo "make kmod [KVER=...]  the module for one kernel: installed headers, or one that setup has fetched"
	@echo "make load, unload     the module into the running kernel, and out of it"
	@echo "make install          programs, man pages, completion, module; prefix=$(prefix), DESTDIR="
	@echo "make clean            away with build/"

setup:
	scripts/setup

programs:
	@command -v cmake >/dev/null || { echo "cmake is missing: run scripts/setup" >&2; exit 1; }
	@cmake -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(prefix) >$(BUILD).log 2>&1 || \
		{ cat $(BUILD).log; echo "Something that the build needs is missing: run scripts/setup" >&2; exit 1; }
	@rm -f $(BUILD).log
	@cmake --build $(BUILD) -j$$(nproc)
	@ln -sfn ../$(BUILD)/bin/migrate_stats scripts/migrate_stats
	@ln -sfn ../$(BUILD)/bin/migrate_extract scripts/migrate_extract

kmod:
	scripts/kmod-build $(KVER)

load:
	@test ! -e /proc/modules || scripts/kmod-build $$(uname -r)
	scripts/kmod-load

unload:
	scripts/kmod-load --unload

kmod-check:
	@for kver in $(CHECK_KERNELS); do scripts/kmod-build --tests $$kver || exit 1; done

demo: setup
	@$(MAKE) --no-print-directory programs kmod KVER=6.12
	scripts/demo --kernel 6.12

check: setup
	@$(MAKE) --no-print-directory programs kmod-check
	tests/run $(CHECK_KERNELS)

bench: programs
	@cmake --build $(BUILD) --target make_trace plain_dirty written_pages scanned_memory
	tests/bench/analyzers
	tests/bench/mig_mon_dirty
	tests/bench/vm_dirty_track
	tests/bench/dirtylog_verify
	tests/bench/perf_kvm
	tests/bench/migrate_predict
	tests/bench/mig_mon

bench-kernel: setup
	@$(MAKE) --no-print-directory programs
	@scripts/kmod-build --tests $(BENCH_KERNEL)
	tests/bench/kernel --kernel $(BENCH_KERNEL)

check-causes:
	@cmake -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(prefix) >/dev/null && cmake --build $(BUILD) --target workload
	tests/causes/run $(KERNELS)

check-all: check
	tests/run --slow $(CHECK_KERNELS)

check-matrix: setup
	@$(MAKE) --no-print-directory programs
	tests/matrix

check-pmu: setup
	@$(MAKE) --no-print-directory programs
	tests/pmu/run

install: programs
	cmake --install $(BUILD)
	@kver=$(or $(KVER),$$(uname -r)); if [ -e /lib/modules/$$kver/build ]; then scripts/kmod-build --install $$kver; \
	else echo "The kernel module is not installed: no headers of kernel $$kver in /lib/modules (KVER=... for another)."; fi

clean:
	rm -rf $(BUILD) scripts/migrate_stats scripts/migrate_extract
