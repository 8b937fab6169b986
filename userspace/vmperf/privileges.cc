/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/privileges.h"

#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/error.h"

namespace vmperf {

namespace {

constexpr unsigned kNobody = 65534;

void check(int result, const char* doing) {
    if (result) throw base::system_error(std::string("cannot give up the rights of root: ") + doing, errno);
}

}  // namespace

void drop_privileges(bool marks) {
    if (::geteuid() != 0) return;
    // Before 5.8 it was a part of CAP_SYS_ADMIN.
    std::vector<cap_value_t> kept = {::cap_max_bits() > CAP_PERFMON ? CAP_PERFMON : CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_OVERRIDE};
    if (marks) kept.push_back(CAP_NET_ADMIN);
    const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> rights(::cap_init(), ::cap_free);
    for (const cap_flag_t set : {CAP_PERMITTED, CAP_EFFECTIVE})
        check(::cap_set_flag(rights.get(), set, static_cast<int>(kept.size()), kept.data(), CAP_SET), "cap_set_flag()");
    check(::prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS");
    check(::setgroups(0, nullptr), "setgroups()");
    check(::setresgid(kNobody, kNobody, kNobody), "setresgid()");
    check(::setresuid(kNobody, kNobody, kNobody), "setresuid()");
    check(::cap_set_proc(rights.get()), "cap_set_proc()");
    check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
}

}  // namespace vmperf
