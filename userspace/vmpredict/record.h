/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A record of dirty pages as `vm_dirty_track --output json` writes it.

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

#include "vmpredict/workload.h"

namespace vmpredict {

/// `page_size`: where the record does not tell. Throws Error, with the line, for what is no such record; also when it has no page size.
Workload read_record(std::istream& in, const std::string& name, std::optional<std::uint32_t> page_size);

}  // namespace vmpredict
