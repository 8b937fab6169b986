/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Files that do not outlive a program which Ctrl-C ends.

namespace base {

/// While it lives, SIGINT, SIGTERM and SIGHUP remove the file before they end the program. It changes nothing
/// for a signal that is ignored or handled by somebody else, StopSignals for instance: then the program ends
/// in good order and its owner removes the file.
class UnfinishedFile {
 public:
    /// `path` has to stay where it is as long as the object lives.
    explicit UnfinishedFile(const char* path);
    ~UnfinishedFile();
    UnfinishedFile(const UnfinishedFile&) = delete;
    UnfinishedFile& operator=(const UnfinishedFile&) = delete;

 private:
    int place_ = -1;
};

}  // namespace base
