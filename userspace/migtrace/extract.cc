/* SPDX-License-Identifier: GPL-2.0-only */
#include <fmt/format.h>

#include "base/error.h"
#include "base/terminal.h"
#include "migtrace/analysis.h"
#include "migtrace/digits.h"

namespace migtrace {

namespace {

/// "hh:mm:ss.mmm" with or without the date.
std::string wall_text(Calendar& calendar, std::int64_t msec, bool date) {
    std::int64_t sec = msec / 1000, rest = msec % 1000;
    if (rest < 0) {
        rest += 1000;
        sec--;
    }
    return fmt::format("{}.{:03}", calendar.text(sec, date), rest);
}

/// Prints the values of one field.
class Extractor {
 public:
    Extractor(const Extraction& what, StatReader& reader, Output& output)
        : what_(what),
          reader_(reader),
          output_(output),
          gmt_wanted_(what.times.gmt || what.begin_gmt || what.end_gmt),
          local_wanted_(what.times.local || what.begin_local || what.end_local) {}

    void run() {
        bool any = false;
        while (reader_.next()) {
            if (!any) begin();
            any = true;
            line();
            output_.flush_if_full();
        }
        if (!any) begin();
    }

 private:
    void begin() {
        check_header();
        if (what_.form == Form::Csv) output_.put("rel_msec,time,per_second\r\n");
    }

    void check_header() {
        const StatHeader& header = reader_.header();
        if (header.fields.empty())
            throw base::Error(fmt::format("{}, so field {} cannot be extracted: it names no fields",
                                          header.lacks("field NUM NAME"), what_.field));
        const unsigned min = header.fields.begin()->first, max = header.fields.rbegin()->first;
        if (what_.field < min || what_.field > max)
            throw base::Error(
                fmt::format("{}: there is no field {}: fields go from {} to {}", header.input, what_.field, min, max));
        period_ = header.checked_period();
        seconds_ = static_cast<double>(period_) / 1000.0;
        if (gmt_wanted_ || local_wanted_) wall_ = header.wall_msec();
    }

    bool inside(std::int64_t msec) {
        if (what_.begin_msec && msec < *what_.begin_msec) return false;
        if (what_.end_msec && msec > *what_.end_msec) return false;
        if (what_.begin_gmt || what_.end_gmt) {
            const std::string text = wall_text(gmt_, wall_ + msec, true);
            if ((what_.begin_gmt && text < *what_.begin_gmt) || (what_.end_gmt && text > *what_.end_gmt))
                return false;
        }
        if (what_.begin_local || what_.end_local) {
            const std::string text = wall_text(local_, wall_ + msec, true);
            if ((what_.begin_local && text < *what_.begin_local) ||
                (what_.end_local && text > *what_.end_local))
                return false;
        }
        return true;
    }

    void line() {
        const std::int64_t msec = reader_.time_msec();
        if (!inside(msec)) return;
        switch (what_.form) {
            case Form::Text:
                return put_text(msec);
            case Form::Json:
                return put_json(msec, rate());
            case Form::Csv:
                return put_csv(msec, rate());
        }
    }

    double rate() { return reader_.value(what_.field) / seconds_; }

    void put_text(std::int64_t msec) {
        // Before anything of the line is printed.
        const auto count = reader_.count(what_.field);
        const double value = count ? 0 : rate();
        const TimeForms& forms = what_.times;
        if (forms.gmt) output_.format("{} ", wall_text(gmt_, wall_ + msec, forms.date));
        if (forms.local) output_.format("{} ", wall_text(local_, wall_ + msec, forms.date));
        if (forms.rel || forms.gmt == forms.local) put_seconds(msec);
        if (!count)
            output_.format(" {:.2f}\n", value);
        else if (!put_count_as_rate(*count))
            output_.format(" {:.2f}\n", rate());
    }

    /// The common case, in whole numbers. What lies just between two roundings is left to floating point, so that both
    /// ways print the same: counts are so small that a double is off by less than the distance to that.
    bool put_count_as_rate(std::uint64_t count) {
        const std::uint64_t hundredths = count * 100'000 / period_, rest = count * 100'000 % period_;
        if (2 * rest == period_) return false;
        const std::uint64_t rounded = hundredths + (2 * rest > period_);
        char* at = begin_text(output_.buffer(), 32);
        *at++ = ' ';
        at = put_decimal(at, rounded / 100);
        *at++ = '.';
        at = put_pair(at, static_cast<std::uint32_t>(rounded % 100));
        *at++ = '\n';
        end_text(output_.buffer(), at);
        return true;
    }

    /// Empty when the file does not tell the wall clock.
    std::string iso_time(std::int64_t msec) const {
        if (!reader_.header().gettimeofday) return "";
        const std::int64_t at = reader_.header().wall_msec() + msec;
        const std::int64_t sec = at >= 0 ? at / 1000 : -((-at + 999) / 1000);
        return iso_utc({sec, static_cast<std::uint32_t>((at - sec * 1000) * 1'000'000)});
    }

    void put_json(std::int64_t msec, double rate) {
        const std::string time = iso_time(msec);
        output_.format("{{\"type\":\"value\",\"rel_msec\":{},\"time\":{},\"per_second\":{}}}\n", msec,
                       time.empty() ? "null" : "\"" + time + "\"", rate);
    }

    void put_csv(std::int64_t msec, double rate) {
        output_.format("{},{},{}\r\n", msec, iso_time(msec), rate);
    }

    void put_seconds(std::int64_t msec) {
        const auto size = static_cast<std::uint64_t>(msec < 0 ? -msec : msec);
        char* at = begin_text(output_.buffer(), 32);
        if (msec < 0) *at++ = '-';
        at = put_decimal(at, size / 1000);
        *at++ = '.';
        *at++ = static_cast<char>('0' + size % 1000 / 100);
        at = put_pair(at, static_cast<std::uint32_t>(size % 100));
        end_text(output_.buffer(), at);
    }

    const Extraction& what_;
    StatReader& reader_;
    Output& output_;
    bool gmt_wanted_, local_wanted_;
    std::uint64_t period_ = 1000;  // ms
    double seconds_ = 1;
    std::int64_t wall_ = 0;
    Calendar gmt_{Calendar::Zone::Gmt}, local_{Calendar::Zone::Local};
};

/// An item of the header as text; empty when the header does not have it.
std::string header_item(const Extraction& what, const StatHeader& header) {
    auto text = [](const auto& number) { return number ? fmt::format("{}", *number) : std::string(); };
    using Item = Extraction::Item;
    switch (what.item) {
        case Item::FieldName: {
            auto it = header.fields.find(what.field);
            return it == header.fields.end() ? "" : it->second;
        }
        case Item::FieldNumber:
            return text(header.field_number(what.name));
        case Item::MaxField:
            return header.fields.empty() ? "" : fmt::format("{}", header.fields.rbegin()->first);
        case Item::MinField:
            return header.fields.empty() ? "" : fmt::format("{}", header.fields.begin()->first);
        case Item::NrCpus:
            return text(header.nr_cpus);
        case Item::PeriodMsec:
            return text(header.period_msec);
        case Item::TsField:
            return fmt::format("{}", header.ts_field());
        case Item::Version:
            return header.version;
        case Item::Values:
            break;
    }
    return "";
}

/// Name of an item in JSON and CSV, and whether its value is text.
std::pair<const char*, bool> item_name(Extraction::Item item) {
    using Item = Extraction::Item;
    switch (item) {
        case Item::FieldName:
            return {"field_name", true};
        case Item::FieldNumber:
            return {"field_num", false};
        case Item::MaxField:
            return {"max_field", false};
        case Item::MinField:
            return {"min_field", false};
        case Item::NrCpus:
            return {"nr_cpus", false};
        case Item::PeriodMsec:
            return {"period_msec", false};
        case Item::TsField:
            return {"ts_field", false};
        default:
            return {"version", true};
    }
}

/// Where it was looked for, and what.
std::string missing_item(const Extraction& what, const StatHeader& header) {
    using Item = Extraction::Item;
    switch (what.item) {
        case Item::FieldName:
            return fmt::format("{}: the header has no field {}", header.input, what.field);
        case Item::FieldNumber:
            return fmt::format("{}: the header has no field with the name '{}'", header.input, base::printable(what.name));
        case Item::MaxField:
        case Item::MinField:
            return header.lacks("field NUM NAME");
        default:
            return header.lacks(item_name(what.item).first);
    }
}

bool reversed(const Extraction& what) {
    return (what.begin_msec && what.end_msec && *what.end_msec < *what.begin_msec) ||
           (what.begin_gmt && what.end_gmt && *what.end_gmt < *what.begin_gmt) ||
           (what.begin_local && what.end_local && *what.end_local < *what.begin_local);
}

void put_header_item(const Extraction& what, const StatHeader& header, Output& output) {
    const std::string value = header_item(what, header);
    if (value.empty()) throw base::Error("item not found: " + missing_item(what, header));
    const auto [name, is_text] = item_name(what.item);
    if (what.form == Form::Text) return output.format("{}\n", value);
    if (what.form == Form::Csv) {
        output.format("{}\r\n", name);
        put_csv_field(output.buffer(), value);
        return output.put("\r\n");
    }
    output.format(R"({{"type":"header","{}":)", name);
    if (is_text)
        put_json_string(output.buffer(), value);
    else
        output.put(value);
    output.put("}\n");
}

}  // namespace

std::vector<std::string> run(const Extraction& extraction, Output& output) {
    StatReader reader(extraction.files, extraction.field);
    if (extraction.item == Extraction::Item::Values)
        Extractor(extraction, reader, output).run();
    else {
        while (reader.next()) {
        }
        put_header_item(extraction, reader.header(), output);
    }
    std::vector<std::string> warnings = reader.warnings();
    if (reversed(extraction)) warnings.push_back("the end that was given lies before the begin: nothing is between them");
    return warnings;
}

}  // namespace migtrace
