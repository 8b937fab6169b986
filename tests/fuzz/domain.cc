/* SPDX-License-Identifier: GPL-2.0-only */
// perf_kvm_server: any text as what libvirt says of a domain, and the kernel of a descriptor.

#include "fuzz/harness.h"
#include "vmhost/domain_xml.h"
#include "vmhost/vm.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::text_of(data, size));
    fuzz::read([&] {
        const auto domain = vmhost::parse_domain(text);
        fuzz::require(domain.macs.size() <= 1024 && domain.channels.size() <= 1024, "more devices than any machine has");
    });
    fuzz::require(vmhost::tap_of(text).find('\n') == std::string::npos, "a name of two lines");
    return 0;
}
