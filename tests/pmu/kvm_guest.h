/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A virtual CPU that counts down a register, two instructions a round, and ends.

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "base/unique_fd.h"

class KvmGuest {
 public:
    /// Throws std::system_error when the kernel runs no guests.
    explicit KvmGuest(std::uint64_t rounds) {
        kvm_ = opened("/dev/kvm", ::open("/dev/kvm", O_RDWR | O_CLOEXEC));
        vm_ = opened("KVM_CREATE_VM", ::ioctl(kvm_.get(), KVM_CREATE_VM, 0));
        memory_ = mapped(kMemory, -1, MAP_ANONYMOUS | MAP_PRIVATE);
        const kvm_userspace_memory_region region = {0, 0, kBase, kMemory, reinterpret_cast<std::uintptr_t>(memory_)};
        call("KVM_SET_USER_MEMORY_REGION", vm_, KVM_SET_USER_MEMORY_REGION, &region);
        vcpu_ = opened("KVM_CREATE_VCPU", ::ioctl(vm_.get(), KVM_CREATE_VCPU, 0));
        state_size_ = static_cast<std::size_t>(::ioctl(kvm_.get(), KVM_GET_VCPU_MMAP_SIZE, 0));
        state_ = static_cast<kvm_run*>(mapped(state_size_, vcpu_.get(), MAP_SHARED));
        prepare(rounds);
    }
    ~KvmGuest() {
        ::munmap(state_, state_size_);
        ::munmap(memory_, kMemory);
    }
    KvmGuest(const KvmGuest&) = delete;
    KvmGuest& operator=(const KvmGuest&) = delete;

    /// Until it has counted down.
    void run() {
        do {
            if (::ioctl(vcpu_.get(), KVM_RUN, 0) && errno != EINTR) throw std::system_error(errno, std::generic_category(), "KVM_RUN");
        } while (state_->exit_reason == KVM_EXIT_INTR);
        if (state_->exit_reason != kEnd) throw std::system_error(EPROTO, std::generic_category(), "the guest has not counted down");
    }

 private:
    static constexpr std::size_t kMemory = 65536;

    static base::UniqueFd opened(const char* what, int fd) {
        if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
        return base::UniqueFd(fd);
    }
    template <class Argument>
    static void call(const char* what, const base::UniqueFd& fd, unsigned long request, Argument* argument) {
        if (::ioctl(fd.get(), request, argument)) throw std::system_error(errno, std::generic_category(), what);
    }
    static void* mapped(std::size_t size, int fd, int flags) {
        void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
        if (at == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
        return at;
    }

#if defined(__x86_64__)
    static constexpr std::uint64_t kBase = 0x1000;
    static constexpr unsigned kEnd = KVM_EXIT_HLT;
    void prepare(std::uint64_t rounds) {
        // In real mode: sub $1, %eax (with the prefix for 32 bits); jnz; hlt.
        constexpr unsigned char kCode[] = {0x66, 0x83, 0xe8, 0x01, 0x75, 0xfa, 0xf4};
        std::memcpy(memory_, kCode, sizeof kCode);
        kvm_sregs special{};
        call("KVM_GET_SREGS", vcpu_, KVM_GET_SREGS, &special);
        special.cs.base = special.cs.selector = 0;
        call("KVM_SET_SREGS", vcpu_, KVM_SET_SREGS, &special);
        kvm_regs registers{};
        registers.rip = kBase;
        registers.rax = rounds;
        registers.rflags = 2;
        call("KVM_SET_REGS", vcpu_, KVM_SET_REGS, &registers);
    }
#elif defined(__aarch64__)
    static constexpr std::uint64_t kBase = 0x80000000;
    static constexpr unsigned kEnd = KVM_EXIT_MMIO;
    void prepare(std::uint64_t rounds) {
        // subs x0, x0, #1; b.ne; str x0, [x1], where no memory is.
        constexpr std::uint32_t kCode[] = {0xf1000400, 0x54ffffe1, 0xf9000020};
        std::memcpy(memory_, kCode, sizeof kCode);
        __builtin___clear_cache(static_cast<char*>(memory_), static_cast<char*>(memory_) + sizeof kCode);
        kvm_vcpu_init init{};
        call("KVM_ARM_PREFERRED_TARGET", vm_, KVM_ARM_PREFERRED_TARGET, &init);
        call("KVM_ARM_VCPU_INIT", vcpu_, KVM_ARM_VCPU_INIT, &init);
        set(offsetof(user_pt_regs, regs[0]), rounds);
        set(offsetof(user_pt_regs, regs[1]), 0x1000);
        set(offsetof(user_pt_regs, pc), kBase);
    }
    /// A register by its place in kvm_regs, whose first member is a user_pt_regs.
    void set(std::size_t offset, std::uint64_t value) {
        const kvm_one_reg one = {KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | offset / sizeof(std::uint32_t),
                                 reinterpret_cast<std::uintptr_t>(&value)};
        call("KVM_SET_ONE_REG", vcpu_, KVM_SET_ONE_REG, &one);
    }
#endif

    base::UniqueFd kvm_, vm_, vcpu_;
    void* memory_ = nullptr;
    kvm_run* state_ = nullptr;
    std::size_t state_size_ = 0;
};
