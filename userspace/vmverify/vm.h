/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A QEMU that is started here, and ends with the object.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/signals.h"
#include "base/subprocess.h"
#include "vmhost/qmp.h"

namespace vmverify {

class Vm {
 public:
    /// Starts QEMU with `words`, and with a monitor, a serial line and its messages as files in `folder` whose names begin with
    /// `name`. Throws Error, with what QEMU says.
    Vm(const std::string& name, std::vector<std::string> words, const std::string& folder);
    ~Vm();
    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    vmhost::Qmp& qmp() { return *qmp_; }
    /// Waits until `text` stands on the serial line `times` times. Throws Error when it does not within `patience`, when the
    /// kernel panics, when a writer() has failed, when as many have ended, when QEMU ends; Interrupted when a signal comes.
    void wait_for_console(const std::string& text, std::size_t times, std::chrono::seconds patience, base::StopSignals& signals);
    bool console_has(const std::string& text) const;
    /// Throws Error, with the end of the serial line, when a writer() or a workload() has ended otherwise than with status 0.
    void check_workloads() const;
    /// Throws Error, with what it says, when QEMU has ended. For when the monitor fails: why is known here only.
    void check_running();

 private:
    [[noreturn]] void fail(const std::string& why) const;
    [[noreturn]] void fail_ended(int status) const;
    std::string name_, console_, messages_;
    std::unique_ptr<base::Child> child_;
    std::unique_ptr<vmhost::Qmp> qmp_;
};

}  // namespace vmverify
