/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/tool_main.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>

#include "base/error.h"

namespace base {

namespace {

std::string running_program = "migscope";

/// A full disk shows only when the last buffer is written, so a program that skips this reports success with half a file.
void finish_standard_output() {
    std::cout.flush();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) || !std::cout)
        throw system_error("writing standard output", errno, "the output is incomplete");
}

}  // namespace

int tool_main(const std::string& program, const std::function<int()>& work) {
    running_program = program;
    try {
        int status = work();
        finish_standard_output();
        return status;
    } catch (const UsageError& e) {
        fmt::print(stderr, "{}: {}\nTry '{} --help'.\n", program, e.what(), program);
    } catch (const std::bad_alloc&) {
        fmt::print(stderr, "{}: out of memory\n", program);
    } catch (const std::exception& e) {
        fmt::print(stderr, "{}: {}\n", program, e.what());
    }
    return 1;
}

void warn(const std::string& message) { fmt::print(stderr, "{}: warning: {}\n", running_program, message); }

}  // namespace base
