/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/page.h"

#include "base/version.h"
#include "migreport/html.h"
#include "migreport/sections.h"
#include "migreport/style.h"

namespace migreport {

namespace {

std::string default_title(const Source& source) {
    std::string names;
    for (const std::string& file : source.files)
        names += (names.empty() ? "" : ", ") + (file == "-" ? "standard input" : file);
    return "Task migrations: " + (names.empty() ? "standard input" : names);
}

void head(Html& page, const std::string& title) {
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .format(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n",
            kScriptHash)
        .raw(
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
            "name=\"color-scheme\" content=\"light dark\">\n<title>")
        .text(title)
        .raw("</title>\n<style>")
        .raw(kStyle)
        .raw("</style>\n</head>\n");
}

void navigation(Html& page) {
    page.raw("<nav aria-label=\"Sections\"><ul>");
    for (const Section& section : sections())
        page.format("<li><a href=\"#{}\">{}</a></li>", section.id, section.title);
    page.raw("</ul></nav>\n");
}

void foot(Html& page) {
    page.format("<footer><p>Made by migrate_report (migscope) {}.", MIGSCOPE_VERSION);
    page.raw(" What each cause means, and how it is known, is told in docs/causes.md.</p></footer>\n");
}

}  // namespace

std::string make_page(const Collected& all, const Source& source, const std::string& title) {
    const std::string shown = title.empty() ? default_title(source) : title;
    Html page;
    head(page, shown);
    page.raw("<body>\n<header><h1>").text(shown).raw("</h1></header>\n");
    navigation(page);
    page.raw("<main>\n");
    for (const Section& section : sections()) {
        page.format("<section id=\"{0}\" aria-labelledby=\"{0}-heading\">\n<h2 id=\"{0}-heading\">{1}</h2>\n",
                    section.id, section.title);
        section.write(page, all, source);
        page.raw("</section>\n");
    }
    page.raw("</main>\n");
    foot(page);
    page.raw("<script>").raw(kScript).raw("</script>\n</body>\n</html>\n");
    return page.str();
}

}  // namespace migreport
