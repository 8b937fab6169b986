/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/error.h"

#include <system_error>

namespace base {

Error system_error(const std::string& what, int error_number, const std::string& hint) {
    std::string message = what + ": " + std::generic_category().message(error_number);
    if (!hint.empty()) message += " (" + hint + ")";
    return Error(message);
}

}  // namespace base
