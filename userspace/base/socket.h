/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Files that go through a socket, see unix(7).

#include <sys/types.h>

#include <string_view>

namespace base {

/// As ::send(), never with SIGPIPE; the other end gets a copy of `fd` with the first byte (SCM_RIGHTS), unless it is negative.
ssize_t send_with_fd(int socket, std::string_view bytes, int fd, int flags = 0);

}  // namespace base
