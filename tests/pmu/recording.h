/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Answers of a kernel to whoever counts, as text: a line for each call, in the order of the calls.
//
//     group                                 a group of counters of one thread
//     add TYPE CONFIG = ERRNO               perf_event_attr's two; 0: it was opened
//     enable
//     read VALUE ENABLED RUNNING ...        of each counter in the group

#include <fmt/format.h>

#include <istream>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "vmperf/counter.h"

namespace recording {

/// The kernel's answers, which are written down.
class Recorder : public vmperf::CounterSource {
 public:
    explicit Recorder(std::ostream& out) : out_(out) {}
    std::unique_ptr<vmperf::CounterGroup> group(pid_t thread) override {
        out_ << "group\n";
        return std::make_unique<Group>(out_, kernel_.group(thread));
    }

 private:
    class Group : public vmperf::CounterGroup {
     public:
        Group(std::ostream& out, std::unique_ptr<vmperf::CounterGroup> kernel) : out_(out), kernel_(std::move(kernel)) {}
        int add(const perf_event_attr& attr) override {
            const int error = kernel_->add(attr);
            out_ << fmt::format("add {} {} = {}\n", attr.type, attr.config, error);
            return error;
        }
        void enable() override {
            kernel_->enable();
            out_ << "enable\n";
        }
        std::vector<vmperf::Reading> read() override {
            auto readings = kernel_->read();
            out_ << "read";
            for (const auto& one : readings) out_ << fmt::format(" {} {} {}", one.value, one.enabled, one.running);
            out_ << '\n';
            return readings;
        }

     private:
        std::ostream& out_;
        std::unique_ptr<vmperf::CounterGroup> kernel_;
    };
    std::ostream& out_;
    vmperf::KernelCounters kernel_;
};

/// Gives them again, to whoever calls in the same order. Throws std::runtime_error for other calls.
class Player : public vmperf::CounterSource {
 public:
    explicit Player(std::istream& in) : in_(in) {}
    std::unique_ptr<vmperf::CounterGroup> group(pid_t) override {
        expect("group");
        return std::make_unique<Group>(*this);
    }

 private:
    class Group : public vmperf::CounterGroup {
     public:
        explicit Group(Player& player) : player_(player) {}
        int add(const perf_event_attr& attr) override {
            return std::stoi(player_.expect(fmt::format("add {} {} = ", attr.type, attr.config)));
        }
        void enable() override { player_.expect("enable"); }
        std::vector<vmperf::Reading> read() override {
            std::istringstream words(player_.expect("read"));
            std::vector<vmperf::Reading> readings;
            for (vmperf::Reading one; words >> one.value >> one.enabled >> one.running;) readings.push_back(one);
            return readings;
        }

     private:
        Player& player_;
    };

    /// What stands behind `begin` in the next line.
    std::string expect(const std::string& begin) {
        std::string line;
        while (std::getline(in_, line) && line.starts_with('#')) continue;
        if (!line.starts_with(begin)) throw std::runtime_error(fmt::format("recorded: '{}'; asked for: '{}'", line, begin));
        return line.substr(begin.size());
    }
    std::istream& in_;
};

}  // namespace recording
