/* SPDX-License-Identifier: GPL-2.0-only */
#include "migrecord/module.h"

#include <catch2/catch.hpp>
#include <cerrno>

using Catch::Contains;
using migrecord::explain_load_error;
using migrecord::KernelState;

TEST_CASE("the module that was built lies beside the programs") {
    CHECK(migrecord::built_module("/src/build/bin/migrate_record", "6.1.0-1-amd64") ==
          "/src/build/kmod/6.1.0-1-amd64/migrate_trace_lite.ko");
}

TEST_CASE("the lockdown mode is the one in brackets, and none is no lockdown") {
    CHECK(migrecord::lockdown_mode("none [integrity] confidentiality") == "integrity");
    CHECK_FALSE(migrecord::lockdown_mode("[none] integrity confidentiality"));
    CHECK_FALSE(migrecord::lockdown_mode(""));
    CHECK_FALSE(migrecord::lockdown_mode("]["));
}

TEST_CASE("the kernel that a module was built for is read from its file") {
    using namespace std::string_view_literals;
    CHECK(migrecord::built_for("\x7f"
                               "ELF\0\0name=x\0vermagic=6.1.0-56-amd64 SMP preempt mod_unload \0"sv) ==
          "6.1.0-56-amd64");
    CHECK_FALSE(
        migrecord::built_for("\x7f"
                             "ELF"));
    CHECK_FALSE(migrecord::built_for("vermagic="));
    CHECK(migrecord::built_for("vermagic=7.2\0"sv) == "7.2");
}

TEST_CASE("a module that could not be loaded is explained by what the kernel is") {
    KernelState kernel{true, "6.12.1", "", false};
    KernelState user = kernel, locked = kernel, closed = kernel;
    user.root = false;
    locked.lockdown = "none integrity [confidentiality]";
    closed.modules_disabled = true;
    CHECK_THAT(explain_load_error(EPERM, user, {}), Contains("sudo"));
    CHECK_THAT(explain_load_error(EPERM, locked, {}), Contains("lockdown mode (confidentiality)"));
    CHECK_THAT(explain_load_error(EPERM, closed, {}), Contains("modules_disabled"));
    CHECK_THAT(explain_load_error(EPERM, kernel, {}), Contains("CAP_SYS_MODULE"));
    CHECK_THAT(explain_load_error(EKEYREJECTED, kernel, {}), Contains("sign"));
    CHECK_THAT(explain_load_error(ENOKEY, kernel, {}), Contains("sign"));
    CHECK_THAT(explain_load_error(ENOEXEC, kernel, "6.1.0-1-amd64"),
               Contains("6.1.0-1-amd64") && Contains("6.12.1"));
    CHECK_THAT(explain_load_error(ENOEXEC, kernel, {}), Contains("make kmod"));
    CHECK_THAT(explain_load_error(ENOMEM, kernel, {}), Contains("--trace-buf-kb"));
    CHECK_THAT(explain_load_error(ENOSYS, kernel, {}), Contains("CONFIG_MODULES"));
    CHECK_FALSE(explain_load_error(ENFILE, kernel, {}).empty());
}
