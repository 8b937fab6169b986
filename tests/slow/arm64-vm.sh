# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced, after lib.sh, by proofs that take a kernel of arm64 with a test program of ours in it.

# What these alone need.
install_package g++-aarch64-linux-gnu

# The newest kernel, of security updates and backports, from where scripts/setup takes kernels for this machine. That of the
# backports alone may be one that takes a page table, when the first of its pages is written, for 512 written pages (6.12.95).
private_apt() {
	local tool=$1
	shift
	APT_CONFIG=$cache/apt/bookworm-arm64/apt.conf "apt-$tool" -qq -o Dir::Etc::sourcelist="$work/apt/sources.list" \
		-o Dir::State::lists="$work/apt/lists" "$@"
}
fetch() {
	local kver
	mkdir -p "$work/apt/lists/partial" "$work/new" "$cache/arm64"
	sed 's/arch=amd64/arch=arm64/' "$cache/apt/bookworm/sources.list" >"$work/apt/sources.list" &&
		private_apt get update || return
	kver=$(private_apt cache search --names-only '^linux-image-6\.12[0-9.]*\+deb12-arm64$' | awk '{ print $1 }' |
		sed 's/^linux-image-//' | sort -V | tail -n 1)
	(cd "$work/new" && private_apt get download "linux-image-$kver") || return
	dpkg-deb --fsys-tarfile "$work"/new/*.deb | tar -x -C "$work/new" --no-same-owner --exclude='*/lib/modules/*' --exclude='./usr' || return
	rm "$work"/new/*.deb
	mv "$work/new" "$cache/arm64/$kver"
}
cached_kernel() { find "$cache/arm64" -maxdepth 1 -name '6.12.*-arm64' 2>/dev/null | sort -V | tail -n 1; }

kernel=$(cached_kernel)
if [ -z "$kernel" ]; then
	fetch >"$work/log" 2>&1 || fail "setting up" "an arm64 kernel cannot be fetched; has scripts/setup been run?"
	kernel=$(cached_kernel)
fi
kver=${kernel##*/}

# Libraries that are headers only are those of this machine, searched behind the C library of arm64.
export work
compile() {
	aarch64-linux-gnu-g++ -std=c++20 -O2 -Wall -Wextra -Werror -DFMT_HEADER_ONLY -Iuserspace -idirafter /usr/include -c "$1" -o "$work/${1//\//_}.o"
}
export -f compile

# build_for_arm64 PROGRAM SOURCE...: of Catch2 tests and what they test, to $work/PROGRAM
build_for_arm64() {
	local program=$1
	shift
	cd "$top" || return
	printf '%s\n' "$@" tests/unit/main.cc | xargs -P "$(nproc)" -I '{}' bash -c 'compile {}' || return
	aarch64-linux-gnu-ar rcs "$work/library.a" "$work"/userspace_*.o
	aarch64-linux-gnu-g++ -static -s -o "$work/$program" "$work"/tests_*.o "$work/library.a"
}

# run_on_arm64 PROGRAM COMMAND OPTION...: the shell's COMMAND in a QEMU with these options; its output is in $work/log. Fails with it.
run_on_arm64() {
	local program=$1 command=$2 root=$work/root
	shift 2
	mkdir -p "$root"/{bin,proc,sys,dev}
	cp "$cache/guests/arm64/busybox" "$work/$program" "$root/bin/" || fail "setting up" "there is no guest of arm64; run scripts/setup"
	cat >"$root/init" <<-TXT
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		mount -t devtmpfs devtmpfs /dev
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		$command
		echo "@@ended \$?"
		poweroff -f
	TXT
	chmod +x "$root/init"
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >"$work/initrd")
	timeout 900 qemu-system-aarch64 -m 512 -nic none -display none -no-reboot -serial stdio -monitor none -kernel "$kernel/boot/vmlinuz-$kver" \
		-initrd "$work/initrd" -append "console=ttyAMA0 quiet panic=-1" "$@" </dev/null 2>&1 | tr -d '\r' >"$work/log"
	grep -q '^@@ended 0' "$work/log"
}
