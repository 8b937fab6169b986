/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What may be sent to a terminal.

#include <cstdio>
#include <string>
#include <string_view>

namespace base {

/// Whether `file` is a terminal.
bool is_terminal(std::FILE* file);

/// `text` for a terminal, where control bytes move the cursor, change colours and worse: bytes below 0x20 and
/// 0x7f, the control characters U+0080 to U+009F and bytes that are no UTF-8 become \xNN. Bytes of `keep`
/// stay as they are.
std::string printable(std::string_view text, std::string_view keep = {});

}  // namespace base
