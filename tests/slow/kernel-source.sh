# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For scripts that build a kernel of their own; read with `.`.

kernel_sources=${MIGSCOPE_CACHE:-$HOME/.cache/migscope}/sources

# What building a kernel needs on top of what scripts/setup installs: name, purpose.
kernel_build_packages='
bc          computes the constants of the kernel clock
bison       makes the parsers of the configuration language and of device trees
flex        makes the scanners for them
libelf-dev  objtool, which checks and changes each object file
'

# Installs what is missing.
install_kernel_build_packages() {
	local name purpose
	local -a missing=()
	while read -r name purpose; do
		[ -n "$name" ] || continue
		if ! dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed'; then
			echo "installing $name: $purpose"
			missing+=("$name")
		fi
	done <<<"$kernel_build_packages"
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" = 0 ]; then
		apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
	else
		sudo apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
	fi
}

# unpack_kernel_source DIR: Debian's source of 6.1 becomes DIR/linux-source-6.1. The archive stays in the cache.
unpack_kernel_source() {
	local archive=$kernel_sources/linux-source-6.1.tar.xz
	if [ ! -e "$archive" ]; then
		mkdir -p "$kernel_sources" "$1/package" || return
		(cd "$1/package" && apt-get -qq download linux-source-6.1 && dpkg -x linux-source-6.1_*.deb . &&
			mv usr/src/linux-source-6.1.tar.xz "$archive.$$" && mv "$archive.$$" "$archive") || return
		rm -rf "$1/package"
	fi
	tar -xf "$archive" -C "$1"
}

# configure_kernel FILE: tinyconfig and the options of FILE, in the tree that is the current directory. Options whose name
# is gone, or that depend on one that is not set, would vanish without a word: they are an error.
configure_kernel() {
	local option name lost=0
	make -s tinyconfig >/dev/null 2>&1 && cat "$1" >>.config && make -s olddefconfig >/dev/null 2>&1 || {
		echo "the kernel cannot be configured"
		return 1
	}
	while IFS= read -r option; do
		name=${option%%=*}
		case $option in
		*=n) ! grep -q "^$name=" .config ;;
		*) grep -qxF -- "$option" .config ;;
		esac || {
			echo "this kernel does not take $option"
			lost=1
		}
	done < <(grep '^CONFIG_' "$1")
	return $lost
}
