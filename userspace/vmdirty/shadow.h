/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The tracker by a copy: memory that the process shares, as a file, is compared with a copy of it, and the copy renewed. Needs
// nothing of the kernel, and as much memory again; does not see what was written with the same content.

#include "vmdirty/tracker.h"

namespace vmdirty {

class Shadow : public Tracker {
 public:
    /// Throws Error when some of the memory is not shared, or there is no room for a copy.
    explicit Shadow(const Target& target);

    /// Why it does not work with that target; empty if it does, or without one.
    static std::string obstacle(const Target* target);

 private:
    void read(Bitmap& dirty) override;
    struct Part {
        const Range& range;
        base::UniqueFd file;
        std::uint64_t offset;  // of the range in the file
    };
    static std::vector<Part> find_parts(const Target& target);
    void compare(const Part& part, Bitmap& dirty);
    std::vector<Part> parts_;
    std::vector<char> copy_, now_;
};

}  // namespace vmdirty
