/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "vmmig/stream.h"
#include "vmmig/wire_reader.h"

namespace vmmig {

namespace {

bool same_terms(const Hello& a, const Hello& b) {
    return a.page_size == b.page_size && a.flags == b.flags && a.vm_size == b.vm_size && a.channels == b.channels;
}

}  // namespace

std::shared_ptr<Memory> vm_memory(std::uint64_t vm_bytes, std::uint64_t most_bytes) {
    return std::make_shared<Memory>(std::clamp<std::uint64_t>(vm_bytes, kPage, most_bytes), Backing::Default);
}

std::shared_ptr<Memory> Sessions::join(const Hello& hello) {
    if (const std::string why = objection(hello); !why.empty()) throw StreamEnd{why};
    std::lock_guard lock(mutex_);
    forget_gone();
    const auto found = sessions_.find(hello.session);
    if (found == sessions_.end()) {
        auto memory = vm_memory(hello.vm_size, memory_bytes_);
        sessions_[hello.session] = {hello, memory, {hello.channel}};
        return memory;
    }
    Session& session = found->second;
    if (!same_terms(session.first, hello)) throw StreamEnd{"another channel of the same source has other options"};
    if (!session.channels.insert(hello.channel).second)
        throw StreamEnd{fmt::format("channel {} of the same source is there already", hello.channel)};
    if (auto memory = session.memory.lock()) return memory;
    // It went in this moment.
    throw StreamEnd{"the other channels of the source are gone"};
}

void Sessions::forget_gone() {
    std::erase_if(sessions_, [](const auto& entry) { return entry.second.memory.expired(); });
}

}  // namespace vmmig
