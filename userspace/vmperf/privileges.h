/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A server that guests talk to is not root.

namespace vmperf {

/// When this is root: from now on it is user and group 65534 ("nobody"), can never become more, and of what root may it keeps to count
/// events of all processes (CAP_PERFMON), to look at them (CAP_SYS_PTRACE), to connect to channels and to see tracepoints
/// (CAP_DAC_OVERRIDE), and, if `marks`, to set rules for packets (CAP_NET_ADMIN). Throws Error.
void drop_privileges(bool marks);

}  // namespace vmperf
