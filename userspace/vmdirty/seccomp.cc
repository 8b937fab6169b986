/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/seccomp.h"

#include <sys/ptrace.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace vmdirty {

namespace {

/// The part of classic BPF that seccomp takes.
class Machine {
 public:
    explicit Machine(const seccomp_data& call) : call_(call) {}

    std::uint32_t run(std::span<const sock_filter> program) {
        // Jumps lead forwards only, so that it ends.
        for (std::size_t at = 0; at < program.size(); at++) {
            const sock_filter& op = program[at];
            if (BPF_CLASS(op.code) == BPF_RET) return BPF_RVAL(op.code) == BPF_A ? a_ : op.k;
            if (BPF_CLASS(op.code) == BPF_JMP)
                at += jump(op);
            else if (!step(op))
                break;
        }
        return SECCOMP_RET_KILL_PROCESS;
    }

 private:
    std::size_t jump(const sock_filter& op) const {
        const std::uint32_t other = BPF_SRC(op.code) == BPF_X ? x_ : op.k;
        switch (BPF_OP(op.code)) {
            case BPF_JEQ:
                return a_ == other ? op.jt : op.jf;
            case BPF_JGT:
                return a_ > other ? op.jt : op.jf;
            case BPF_JGE:
                return a_ >= other ? op.jt : op.jf;
            case BPF_JSET:
                return a_ & other ? op.jt : op.jf;
            default:
                return op.k;
        }
    }

    /// False for an operation that no such program has.
    bool step(const sock_filter& op) {
        switch (BPF_CLASS(op.code)) {
            case BPF_LD:
                return load(op, a_);
            case BPF_LDX:
                return load(op, x_);
            case BPF_ST:
            case BPF_STX:
                if (op.k >= memory_.size()) return false;
                memory_[op.k] = BPF_CLASS(op.code) == BPF_ST ? a_ : x_;
                return true;
            case BPF_ALU:
                return compute(BPF_OP(op.code), BPF_SRC(op.code) == BPF_X ? x_ : op.k);
            default:
                (BPF_MISCOP(op.code) == BPF_TAX ? x_ : a_) = BPF_MISCOP(op.code) == BPF_TAX ? a_ : x_;
                return true;
        }
    }

    bool load(const sock_filter& op, std::uint32_t& into) const {
        switch (BPF_MODE(op.code)) {
            case BPF_IMM:
                into = op.k;
                return true;
            case BPF_LEN:
                into = sizeof call_;
                return true;
            case BPF_MEM:
                if (op.k >= memory_.size()) return false;
                into = memory_[op.k];
                return true;
            case BPF_ABS:
                if (op.k > sizeof call_ - sizeof into) return false;
                std::memcpy(&into, reinterpret_cast<const char*>(&call_) + op.k, sizeof into);
                return true;
            default:
                return false;
        }
    }

    bool compute(int operation, std::uint32_t other) {
        switch (operation) {
            case BPF_ADD:
                a_ += other;
                return true;
            case BPF_SUB:
                a_ -= other;
                return true;
            case BPF_MUL:
                a_ *= other;
                return true;
            case BPF_DIV:
                a_ = other ? a_ / other : 0;
                return true;
            case BPF_AND:
                a_ &= other;
                return true;
            case BPF_OR:
                a_ |= other;
                return true;
            case BPF_XOR:
                a_ ^= other;
                return true;
            case BPF_LSH:
                a_ = other < 32 ? a_ << other : 0;
                return true;
            case BPF_RSH:
                a_ = other < 32 ? a_ >> other : 0;
                return true;
            case BPF_NEG:
                a_ = -a_;
                return true;
            default:
                return false;
        }
    }

    const seccomp_data& call_;
    std::uint32_t a_ = 0, x_ = 0;
    std::array<std::uint32_t, BPF_MEMWORDS> memory_{};
};

bool allows(std::span<const sock_filter> program, const seccomp_data& call) {
    const std::uint32_t action = run_filter(program, call) & SECCOMP_RET_ACTION_FULL;
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

}  // namespace

std::uint32_t run_filter(std::span<const sock_filter> program, const seccomp_data& call) { return Machine(call).run(program); }

FilterAnswer ask_filters(pid_t thread, std::span<const seccomp_data> calls) {
    std::array<sock_filter, BPF_MAXINSNS> program;
    const auto read = [&](unsigned long number, void* into) {
        return ::ptrace(static_cast<__ptrace_request>(PTRACE_SECCOMP_GET_FILTER), thread, number, into);
    };
    for (unsigned long number = 0;; number++) {
        const long length = read(number, nullptr);
        if (length < 0 && errno == ENOENT && number > 0) return FilterAnswer::Allows;
        if (length <= 0 || length > static_cast<long>(program.size()) || read(number, program.data()) != length) return FilterAnswer::Unknown;
        for (const seccomp_data& call : calls)
            if (!allows({program.data(), static_cast<std::size_t>(length)}, call)) return FilterAnswer::Forbids;
    }
}

}  // namespace vmdirty
