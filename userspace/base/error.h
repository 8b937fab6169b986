/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The one type of exception in the tree. Its message is what a user reads after "PROGRAM: ", so it says what was
// tried, on what, why it failed and, where that is known, what to do.

#include <stdexcept>
#include <string>

namespace base {

class Error : public std::runtime_error {
   public:
    explicit Error(const std::string& message) : std::runtime_error(message) {}
};

/// A command line that cannot be meant as it is written; the message is followed by a hint to --help.
class UsageError : public Error {
   public:
    using Error::Error;
};

/// A signal that ends the program as soon as it has tidied up. The message says what does not exist therefore.
class Interrupted : public Error {
   public:
    Interrupted(const std::string& message, int by) : Error(message), signal(by) {}
    const int signal;
};

/// An Error from a failed system call: "WHAT: REASON", with REASON from `error_number` (an errno value), followed by
/// " (HINT)" unless `hint` is empty.
Error system_error(const std::string& what, int error_number, const std::string& hint = "");

}  // namespace base
