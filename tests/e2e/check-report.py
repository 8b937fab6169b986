#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Check a page of migrate_report: it is well formed, refers to nothing outside of itself, and its figures are those that the
commands in it print. The commands run as they stand there, by bash; PATH has to lead to migrate_stats.

usage: check-report.py [--no-figures] PAGE...
"""
import base64
import csv
import hashlib
import html.parser
import re
import subprocess
import sys
import xml.etree.ElementTree

SECTIONS = ["summary", "causes", "pairs", "topology", "processes", "pingpong", "residency", "marks"]
VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(html.parser.HTMLParser):
    """Tables, commands and titles by section. Every tag has to be closed where it should."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.section = [], [], None
        self.tables, self.commands, self.titles, self.words = {}, {}, {}, {}
        self.policy, self.script, self.heading = "", "", ""
        self.text, self.row = None, None
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        for name, value in attributes.items():
            assert not name.startswith("on"), f"<{tag} {name}>"
            assert name not in ("src", "srcset", "data", "action", "xlink:href", "background", "poster"), f"<{tag} {name}>"
            assert name != "href" or value.startswith("#"), f"href {value}"
        assert tag not in ("iframe", "object", "embed", "link", "img", "image", "use", "form", "base"), tag
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        if "id" in attributes:
            assert attributes["id"] not in self.ids, f"id {attributes['id']} twice"
            self.ids.append(attributes["id"])
        if tag in VOID:
            return
        self.open.append(tag)
        if tag == "section":
            self.section = attributes["id"]
            for kind in self.tables, self.commands, self.titles:
                kind[self.section] = []
            self.words[self.section] = ""
        elif tag == "table":
            self.tables[self.section].append([])
        elif tag == "tr":
            self.row = []
        elif tag in ("td", "th", "pre", "h1") or tag == "title" and "svg" in self.open:
            self.text = ""

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]} at {self.getpos()}"
        self.open.pop()
        if tag == "section":
            self.section = None
        elif tag == "td":
            self.row.append(self.text)
        elif tag == "tr":
            self.tables[self.section][-1].append(self.row)
        elif tag == "pre":
            self.commands[self.section].append(self.text)
        elif tag == "h1":
            self.heading = self.text
        elif tag == "title" and "svg" in self.open:
            self.titles[self.section].append(self.text)
        else:
            return
        self.text = None

    def handle_data(self, data):
        if self.text is not None:
            self.text += data
        if self.open and self.open[-1] == "script":
            self.script += data
        if self.section and self.open[-1] not in ("script", "style"):
            self.words[self.section] += data


def run(command):
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode(errors="surrogateescape")


def rows(table):
    """Without the heading."""
    return [row for row in table if row]


def same(what, shown, printed):
    assert shown == printed, f"{what}: the page shows\n{shown}\nand the command prints\n{printed}"


def cpus(text):
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def check_summary(page):
    text = run(page.commands["summary"][0])
    causes = re.findall(r"^ +(\S+) +(\d+) +([\d.]+)$", text[text.index("CAUSE:"):text.index("MIGRATE (row")], re.M)
    if not page.tables["summary"]:
        same("no cause", 0, sum(int(count) for _, count, _ in causes))
        return
    table = rows(page.tables["summary"][0])
    shown = {row[0]: (row[1], row[2]) for row in table}
    for row in table[:-1]:
        same(f"share of {row[0]}", row[3], f"{100 * int(row[1]) / int(table[-1][1]):.1f} %")
    same("causes", shown, {name: (count, rate) for name, count, rate in causes if count != "0" or name == "total"})
    duration = re.search(r"duration: +([\d.]+) seconds", text)[1]
    assert f"Looked at: {duration} seconds" in page.words["summary"], duration


def check_causes(page):
    if not page.commands["causes"]:
        return
    names, printed = {}, {}
    for line in run(page.commands["causes"][0]).splitlines():
        words = line.split()
        if line.startswith("# field"):
            names[int(words[2])] = words[3]
        elif not line.startswith("#"):
            printed[words[0]] = {names[i + 1]: value for i, value in enumerate(words) if i > 0 and value != "0.00"}
    shown, not_over = {}, 0
    for title in page.titles["causes"]:
        lines = title.split("\n")
        found = re.fullmatch(r"([\d.]+) s: ([\d.]+) per second( \(not over at the end\))?", lines[0])
        if not found:
            continue
        if found[3] or found[1] not in printed:
            not_over += 1
            continue
        values = {"migrate": found[2], **dict(line.rsplit(" ", 1) for line in lines[1:])}
        shown[found[1]] = {name: value for name, value in values.items() if value != "0.00"}
    shown = {time: values for time, values in shown.items() if values}
    same("periods", shown, {time: values for time, values in printed.items() if values})
    assert not_over <= 1, f"{not_over} columns are not printed"
    assert len(shown) + not_over <= 600


def check_pairs(page):
    if not page.commands["pairs"]:
        return
    counts, rates = {}, {}
    for record in csv.reader(run(page.commands["pairs"][0] + " || true").splitlines()):
        counts[int(record[2]), int(record[3])] = int(record[4])
        rates[int(record[2]), int(record[3])] = f"{float(record[5]):.2f}"
    total, cells = 0, 0
    for title in page.titles["pairs"]:
        found = re.fullmatch(r".*CPUs? ([\d,-]+)\)? to .*CPUs? ([\d,-]+)\)?: (\d+) \(([\d.]+) per second\)", title)
        if not found:
            continue
        pairs = [(a, b) for a in cpus(found[1]) for b in cpus(found[2])]
        same(title, int(found[3]), sum(counts.get(pair, 0) for pair in pairs))
        if len(pairs) == 1:
            same(title, found[4], rates[pairs[0]])
        total += int(found[3])
        cells += 1
    assert cells <= 64 * 64
    if len(page.commands["pairs"]) > 1:
        sums = sorted(int(line.rsplit(" ", 1)[1]) for line in run(page.commands["pairs"][1]).splitlines())
        shown = [re.search(r": (\d+) \(", title) for title in page.titles["pairs"]]
        same("cells", sorted(int(found[1]) for found in shown if found), sums)
    if cells:
        same("sum of the pairs", total, sum(counts.values()))
        busiest = rows(page.tables["pairs"][0])
        for row in busiest:
            pair = int(row[0]), int(row[1])
            same(f"pair {pair}", (int(row[2]), row[3]), (counts[pair], rates[pair]))
        same("busiest", [int(row[2]) for row in busiest], sorted(counts.values(), reverse=True)[:10])


def check_topology(page):
    if not page.tables["topology"]:
        return
    text = run(page.commands["topology"][0]).split("TOPOLOGY by process")[0]
    printed = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 8 and words[1].isdigit():
            printed[words[0]] = words[1:]
    shown = {row[0]: row[1:] for row in rows(page.tables["topology"][0])}
    order = ["within core", "within cache", "across caches", "across nodes", "unknown", "total"]
    for title in page.titles["topology"]:
        found = re.fullmatch(r"(.+), ([a-z ]+): (\d+) \((.*) %\)", title)
        if not found:
            continue
        # Long names are cut there.
        row = next(row for name, row in shown.items()
                   if name == found[1] or name == "total" and found[1] == "all" or name.startswith(found[1].removesuffix("...")))
        same(title, found[3], row[order.index(found[2])])
        assert abs(float(found[4]) - 100 * int(found[3]) / int(row[5])) <= 0.051, title
    same("distances", shown, {name: values for name, values in printed.items() if values[5] != "0" or name == "total"})


def check_processes(page):
    if not page.tables["processes"]:
        return
    lines = re.findall(r"^ *(-?\d+) +(\d+) +([\d.]+)  (.*)$", run(page.commands["processes"][0]), re.M)
    table = rows(page.tables["processes"][0])
    same("processes", [[row[0], row[2], row[3]] for row in table], [list(line[:3]) for line in lines])
    for row, line in zip(table, lines):
        # Others are written in another way in the page.
        if line[3].isascii() and line[3].isprintable():
            assert row[1] == "no name" or row[1] in line[3], (row, line)
    main = re.fullmatch(r"(\S+) \((\d+)\)", table[0][5])
    causes = re.findall(r"^ +(\S+) +(\d+) +[\d.]+$", run(page.commands["processes"][-1]).split("MIGRATE (row")[0], re.M)
    same("main cause", main[2], max((count for name, count in causes if name != "total"), key=int))
    assert (main[1], main[2]) in causes
    if len(table[0]) > 6:
        far = {}
        for line in run(page.commands["processes"][1]).split("TOPOLOGY by process")[1].splitlines():
            words = line.split()
            if len(words) >= 8 and words[1].isdigit():
                kinds = ["within core", "within cache", "across caches", "across nodes"]
                farthest = [(kind, n) for kind, n in zip(kinds, words[1:5]) if n != "0"] or [("unknown", words[5])]
                far[words[0]] = "{} ({})".format(*farthest[-1])
        for row in table:
            same(f"farthest of {row[0]}", row[6], far[row[0]])


def check_pingpong(page):
    if not page.commands["pingpong"]:
        return
    causes, tasks = run(page.commands["pingpong"][0]).split("PINGPONG by process")
    printed = [line.split() for line in causes.splitlines() if re.search(r"\d+ +[\d.]+( +[\d.]+ \w+)?$", line)]
    if not page.tables["pingpong"]:
        same("returns", "0", printed[-1][1])
        return
    shown = [" ".join(row).split() for row in rows(page.tables["pingpong"][0])]
    same("returns by cause", shown, printed)
    shown = [[row[0], row[2], row[3], row[4]] for row in rows(page.tables["pingpong"][1])]
    same("returns by process", shown, [list(t) for t in re.findall(r"^ +(\d+) +(\d+) +([\d.]+) +(\d+)  ", tasks, re.M)])


def check_residency(page):
    if not page.tables["residency"]:
        return
    printed = [line.split() for line in run(page.commands["residency"][0]).splitlines() if re.match(r" +\S+ +\d+ +[\d.]+ \w+ ", line)]
    same("stays", [" ".join(row).split() for row in rows(page.tables["residency"][0])], printed)


def check_marks(page):
    if not page.commands["marks"]:
        return
    shown = [row[2:-2] + [row[-2], row[-1], row[0]] for row in rows(page.tables["marks"][0])]
    printed = []
    for line in run(page.commands["marks"][0]).splitlines():
        words = line.split()
        printed.append(words[:-6] + [words[-6], words[-3], words[-1]])
    same("marks", shown, printed[:200])
    begin = re.search(r"kernel's clock from 0x([0-9a-f]{16})", page.words["summary"])
    for row in rows(page.tables["marks"][0]) if begin else []:
        elapsed = int(row[-3], 16) - int(begin[1], 16)
        same(f"mark {row[0]}", row[1], f"{elapsed // 10**9}.{elapsed % 10**9:09}")


def check(name, figures):
    raw = open(name, "rb").read()
    text = raw.decode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), "a control character"
    page = Page(text)
    assert [i for i in page.ids if i in SECTIONS] == SECTIONS, page.ids
    for picture in re.findall(r"<svg.*?</svg>", text, re.S):
        xml.etree.ElementTree.fromstring(picture)
    assert "default-src 'none'" in page.policy, page.policy
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.policy, f"the script's hash is {digest}"
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    for word in "http:", "https:", "url(", "@import", "//":
        assert word not in style and word not in page.script.replace("// ", ""), word
    if figures:
        for section in SECTIONS:
            globals()[f"check_{section}"](page)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    with_figures = "--no-figures" not in arguments
    for argument in arguments:
        if argument != "--no-figures":
            check(argument, with_figures)
