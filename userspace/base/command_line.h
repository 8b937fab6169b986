/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Command lines of all programs: Boost.ProgramOptions describes, converts and prints the options; the words of the
// command line are matched to them here, because scripts written for the original analyzers rely on rules that Boost
// does not have: `-opt` is `--opt`, upper and lower case are the same, a unique prefix is enough, and an option that
// takes a value takes the next word whatever it looks like (an empty one too).

#include <boost/program_options.hpp>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace base {

namespace po = boost::program_options;

/// What a program says of itself in --help.
struct ProgramInfo {
    std::string name;      ///< as it is installed: "migrate_stats"
    std::string synopsis;  ///< what stands behind the name: "[OPTION]... [FILE]..."
    std::string summary;   ///< one paragraph, ends with a newline
    std::string examples;  ///< printed last under "Examples:", indented, ends with a newline; may be empty
};

/// Where operands (words that are no options) may stand.
enum class Operands {
    Anywhere,    ///< between options too, as GNU tools allow
    EndOptions,  ///< the first one ends the options: all that follows is a command of its own
    None,        ///< a word that is no option is an error
};

class CommandLine {
   public:
    explicit CommandLine(ProgramInfo info, Operands operands = Operands::Anywhere);

    /// A titled group of options, printed in the order in which groups are made. Add to it as in Boost:
    /// `group("Input").add_options()("period", po::value<long>()->value_name("MSEC"), "...")`.
    /// An option with `->composing()` collects all its values; of any other the last one counts. Groups are made before
    /// parse(); --help (-h) and --version are added by parse().
    po::options_description& group(const std::string& title);

    /// A second spelling of an option.
    void alias(const std::string& spelling, const std::string& option);

    /// Prefixes that are unique among these options keep their meaning, whatever other options exist.
    void keep_prefixes_of(const std::vector<std::string>& options);

    /// Reads the command line. False: --help or --version has been printed and the program ends with status 0.
    /// Throws UsageError.
    bool parse(int argc, const char* const* argv);

    bool has(const std::string& option) const { return values_.count(option) && !values_[option].defaulted(); }
    bool flag(const std::string& option) const { return values_.count(option) && values_[option].as<bool>(); }
    template <class T>
    const T& get(const std::string& option) const {
        return values_[option].template as<T>();
    }
    /// The operands in the order in which they stand, without the `--` that ends the options.
    const std::vector<std::string>& operands() const { return operands_; }

    void print_help() const;

   private:
    const po::option_description& find(const std::string& word, const std::string& name) const;
    std::vector<const po::option_description*> with_prefix(const std::string& prefix, bool kept_only) const;

    ProgramInfo info_;
    Operands operand_rule_;
    std::deque<po::options_description> groups_;
    po::options_description all_;
    std::map<std::string, std::string> aliases_;
    std::vector<std::string> kept_;
    po::variables_map values_;
    std::vector<std::string> operands_;
};

}  // namespace base
