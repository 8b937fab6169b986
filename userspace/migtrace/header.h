/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The header lines ("# TAG ...") of a trace. Format: docs/format.md.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace migtrace {

/// Largest number of CPUs that is believed: the limit of NR_CPUS in every kernel's configuration.
constexpr unsigned kMostCpus = 8192;
/// Numbers of events are smaller than this.
constexpr unsigned kMostEvents = 4096;

/// The text behind the '#' of a header line, without the blanks around it; nothing when `line` is no header
/// line.
std::optional<std::string_view> header_text(std::string_view line);

/// Cuts the first word, and the blanks and tabs around it, off `text`. Empty when there is none.
std::string_view cut_word(std::string_view& text);

/// The whole of `text` as a number, in decimal and without a sign.
std::optional<std::uint64_t> whole_number(std::string_view text);

/// Throws base::Error when `version` ("V.U.F") is not of the major version 1; false when it is no version at
/// all.
bool check_version(std::string_view version, const std::string& place);

/// Where a CPU stands (`# cpu`, format 1.1.0): ids as the kernel numbers them, capacity 0..1024; -1 where
/// unknown.
struct CpuTopology {
    int core = -1, llc = -1, node = -1, capacity = -1;
};

/// What an event number means.
enum class Role : std::uint8_t { Unknown, Cause, Comm, Mark, OtherLoc };

/// "# lost CPU N" (format 1.2.0): so many events of a CPU are missing where this line stands.
struct LostEvents {
    unsigned cpu = 0;
    std::uint64_t count = 0;
};
/// Of the header_text() of such a line; nothing for any other.
std::optional<LostEvents> parse_lost(std::string_view text);

class TraceHeader {
 public:
    enum class Result {
        Added,
        Repeated,     ///< said before, in the same words
        Contradicts,  ///< said before, in other words: the first counts
        UnknownTag,
        Malformed
    };
    /// Takes a header line; `text` is its header_text(), `place` is named in errors. Throws base::Error for a
    /// format that this reader cannot read.
    Result add(std::string_view text, const std::string& place);

    const std::string& version() const { return version_; }  ///< "1.0.0"; empty: not given
    std::optional<unsigned> nr_cpus() const { return nr_cpus_; }
    const std::map<unsigned, std::string>& causes() const { return causes_; }  ///< by number
    const std::map<unsigned, std::string>& locs() const { return locs_; }      ///< by number
    const std::map<unsigned, CpuTopology>& cpus() const { return cpus_; }      ///< empty before format 1.1.0

    /// Whether events of all CPUs are said to stand in the order of time (`# order time`, format 1.2.0).
    bool in_time_order() const { return in_time_order_; }

    /// Whether it names a cause or another event, which every trace does.
    bool names_events() const { return !causes_.empty() || !locs_.empty(); }
    /// Whether it has lines that only stat files have. They count as unknown.
    bool stat_tags() const { return stat_tags_; }

    Role role(unsigned number) const { return number < roles_.size() ? roles_[number] : Role::Unknown; }
    /// Place of a cause in causes(), from 0; only for numbers of causes.
    unsigned cause_index(unsigned number) const { return indexes_[number]; }
    /// Name of a cause; only for numbers of causes.
    const std::string& cause_name(unsigned number) const { return names_[number]; }
    /// Name of a cause or another event; "?" for an unknown number.
    const std::string& name(unsigned number) const;

 private:
    Result add_event(bool cause, std::string_view rest);
    Result add_cpu(std::string_view rest);

    std::string version_;
    std::optional<unsigned> nr_cpus_;
    std::map<unsigned, std::string> causes_, locs_;
    std::map<unsigned, CpuTopology> cpus_;
    bool in_time_order_ = false;
    bool stat_tags_ = false;
    std::vector<Role> roles_;
    std::vector<std::uint16_t> indexes_;
    std::vector<std::string> names_;
};

}  // namespace migtrace
