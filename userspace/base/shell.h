/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <string>
#include <string_view>

namespace base {

/// A word as a shell takes it: unchanged where that is safe, in single quotes otherwise, and as bash's $'...'
/// where it has control characters or bytes that are no UTF-8.
std::string shell_quoted(std::string_view word);

}  // namespace base
