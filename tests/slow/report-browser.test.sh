#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pages of migrate_report in a real browser, headless Chromium: nothing on its console, every section there with and without
# scripts, no label cut or on top of another, no page wider than its window, no blank picture; light and dark, wide and
# narrow. The screenshots stay in build/report-screenshots.
set -u

# shellcheck source=tests/slow/lib.sh
. "$(dirname "$0")/lib.sh"
report=$top/build/bin/migrate_report
kept=$top/build/report-screenshots

# What this test alone needs.
install_package chromium
mkdir -p "$kept" && rm -f "$kept"/*.png

# browse PAGE WIDTH HEIGHT light|dark OPTION...: what the browser prints; what it logs goes to $work/log.
browse() {
	local page=$1 width=$2 height=$3 scheme=1
	[ "$4" = light ] || scheme=0
	shift 4
	# Chromium refuses its sandbox to root.
	timeout 120 chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-extensions \
		--user-data-dir="$work/profile" --window-size="$width,$height" --blink-settings=preferredColorScheme=$scheme \
		--virtual-time-budget=5000 --enable-logging=stderr "$@" "file://$page" 2>"$work/log"
}
on_console() { grep -a 'CONSOLE' "$work/log"; }

# with_probe PAGE: a copy that also looks at itself, and writes what is wrong into its title.
with_probe() {
	python3 - "$1" <<'PY'
import re, sys

text = open(sys.argv[1], encoding="utf-8").read()
# The policy of the page lets no other script run.
text = re.sub(r"<meta http-equiv[^>]*>", "", text)
print(text.replace("</body>", """<script>
addEventListener("load", () => {
  const problems = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) problems.push(`the page is ${root.scrollWidth} wide in ${root.clientWidth}`);
  for (const picture of document.querySelectorAll("svg[role=img]")) {
    const frame = picture.getBoundingClientRect();
    const title = picture.querySelector("title").textContent;
    if (frame.width < 100 || frame.height < 50) problems.push(`${title}: ${frame.width} x ${frame.height}`);
    // The box around a slanted text is larger than the text.
    const labels = [...picture.querySelectorAll("text")].filter((t) => !/-45/.test(t.getAttribute("transform")));
    const boxes = labels.map((t) => [t.textContent, t.getBoundingClientRect()]);
    boxes.forEach(([name, a], i) => {
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1)
        problems.push(`${title}: '${name}' is cut`);
      for (const [other, b] of boxes.slice(i + 1))
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
          problems.push(`${title}: '${name}' and '${other}' overlap`);
    });
  }
  document.title = `height=${Math.ceil(root.scrollHeight)} problems=${problems.length} ${problems.slice(0, 5).join("; ")}`;
});
</script></body>"""))
PY
}

# check_picture FILE light|dark: it shows something, on the ground that it should.
check_picture() {
	python3 - "$@" <<'PY'
import collections, struct, sys, zlib

data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
at, packed = 8, b""
while at < len(data):
    length, kind = struct.unpack(">I4s", data[at:at + 8])
    body = data[at + 8:at + 8 + length]
    if kind == b"IHDR":
        width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        assert depth == 8 and colour in (2, 6), (depth, colour)
        size = 3 if colour == 2 else 4
    elif kind == b"IDAT":
        packed += body
    at += 12 + length
raw, stride = zlib.decompress(packed), width * size
before, colours = bytearray(stride), collections.Counter()
for y in range(height):
    kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
    if kind == 2:
        row = bytearray((a + b) & 255 for a, b in zip(row, before))
    elif kind:
        for i in range(stride):
            left = row[i - size] if i >= size else 0
            up, corner = before[i], before[i - size] if i >= size else 0
            if kind == 1:
                guess = left
            elif kind == 3:
                guess = (left + up) // 2
            else:
                p = left + up - corner
                guess = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
            row[i] = (row[i] + guess) & 255
    before = row
    # Every fourth line tells enough.
    if y % 4 == 0:
        colours.update(zip(row[0::size], row[1::size], row[2::size]))
most, count = colours.most_common(1)[0]
assert len(colours) > 40, f"only {len(colours)} colours"
assert count < 0.97 * sum(colours.values()), "it is all but blank"
assert (sum(most) > 600) == (sys.argv[2] == "light"), f"the ground is {most}"
PY
}

# view PAGE WIDTH light|dark: the page in a window as high as the page is.
view() {
	local page=$1 width=$2 scheme=$3 name dom said height
	name=$(basename "$page" .html)-$width-$scheme
	with_probe "$page" >"$work/probe.html"
	dom=$(browse "$work/probe.html" "$width" 900 "$scheme" --dump-dom)
	said=$(grep -ao '<title>height=.*</title>' <<<"$dom" | head -n 1)
	height=$(sed -E 's/.*height=([0-9]+).*/\1/' <<<"$said")
	if [[ $said != *'problems=0'* ]]; then
		echo "FAILED $name, layout: ${said:-the page did not load}"
		return
	fi
	echo "ok $name, layout"
	# Large pages in part: a picture of all of it takes long to look at.
	((height <= 6000)) || height=6000
	browse "$page" "$width" "$height" "$scheme" --screenshot="$kept/$name.png" >/dev/null
	if on_console; then
		echo "FAILED $name, console: see above"
	elif said=$(check_picture "$kept/$name.png" "$scheme" 2>&1); then
		echo "ok $name, picture"
	else
		echo "FAILED $name, picture: $(tail -n 1 <<<"$said")"
	fi
}

# complete PAGE: every section is in the document, and the script has run.
complete() {
	local page=$1 name section dom missing=''
	name=$(basename "$page" .html)
	dom=$(browse "$page" 1280 900 light --dump-dom)
	for section in summary causes pairs topology processes pingpong residency marks; do
		grep -aq "<section id=\"$section\"" <<<"$dom" || missing+=" $section"
	done
	[[ $dom == *'<div class="tip" hidden="">'* ]] || missing+=" tooltip"
	if [[ $missing ]]; then echo "FAILED $name, sections: no$missing"; else echo "ok $name, sections"; fi
}

pages=$work/pages
mkdir "$pages"
topology() { for ((cpu = 0; cpu < $1; cpu++)); do echo "# cpu $cpu core $((cpu % 16 / 2)) llc $((cpu / 16)) node $((cpu / 64)) capacity 1024"; done; }
trace() { python3 "$top/tests/e2e/make-trace.py" "$@"; }
mark() { printf '0x%016x 0 . . 1 11 0x%08x\n' $((1234567890123 + $1)) "$2"; }
{
	topology 8
	trace 8 30 1000
	for i in 1 2 3 4 5 6; do mark $((i * 4700000000)) $i; done
} >"$work/wave.trace"
{
	topology 256
	trace 256 20 3000
	for i in {1..60}; do mark $((i * 300000000)) $((i * 1000003)); done
} >"$work/machine.trace"
{
	trace 1024 5 20000
	for i in {1..400}; do mark $((i * 12000000)) $i; done
} >"$work/large.trace"
trace 48 10 1000 >"$work/no-topology.trace"
cp "$top/tests/import/module.trace" "$work/recorded.trace"
cp "$top/tests/golden/inputs/header_only.trace" "$work/nothing.trace"
cp "$top/tests/golden/inputs/uptime_60d.trace" "$work/months.trace"
{
	printf '# version 1.1.0\n# nr_cpus 2\n# cause 7 <script>throw_1()</script>\n# loc 9 set_task_comm\n'
	pid=10
	for comm in '<script>throw 1</script>' '"><img src=x onerror=throw(1)>' '</title></svg><script>throw 2</script>' \
		$'\e[31mred\xff' $'\xe2\x80\xaertl' 'WWWWWWWWWWWWWWW'; do
		printf '0x%016x 0 . . %d 9 : %s\n' $((1000000000 + pid)) $pid "$comm"
		for i in 1 2 3; do printf '0x%016x 0 %d %d %d 7\n' $((1000000000 + i * 100000000 + pid)) $((i % 2)) $(((i + 1) % 2)) $pid; done
		pid=$((pid + 1))
	done
} >"$work/hostile.trace"
for name in wave machine large no-topology recorded nothing months hostile; do
	(cd "$work" && "$report" "$name.trace" -o "$pages/$name.html" 2>/dev/null) || fail "$name" "there is no page of it"
done

# That the checks notice what they are for.
sed 's/(() => {/(() => { nothing_like_that();/' "$pages/wave.html" >"$work/broken.html"
browse "$work/broken.html" 1280 900 light --dump-dom >/dev/null
if on_console >/dev/null; then echo "ok a script that is not the page's is refused, and that is noticed"; else echo "FAILED console: a script that is refused is not noticed"; fi
sed 's/font-size: 12px/font-size: 40px/' "$pages/wave.html" >"$work/overlap.html"
with_probe "$work/overlap.html" >"$work/probe.html"
if browse "$work/probe.html" 1280 900 light --dump-dom | grep -aq 'overlap'; then echo "ok labels that overlap are noticed"; else echo "FAILED overlap: it is not noticed"; fi

# A browser that runs no script shows the same page but for the tooltip, whose figures are then titles.
sed "s/script-src '[^']*'/script-src 'none'/" "$pages/wave.html" >"$work/still.html"
dom=$(browse "$work/still.html" 1280 900 light --dump-dom)
browse "$work/still.html" 1280 1200 light --screenshot="$work/still.png" >/dev/null
said=
if [[ $dom != *'class="tip"'* && $dom == *'</title></rect>'* ]] && said=$(check_picture "$work/still.png" light 2>&1); then
	echo "ok without script"
else
	echo "FAILED without script: ${said:-the script ran, or there are no titles}"
fi

for name in wave machine large no-topology recorded nothing months hostile; do
	complete "$pages/$name.html"
	view "$pages/$name.html" 1280 light
done
for name in wave machine; do
	view "$pages/$name.html" 1280 dark
	view "$pages/$name.html" 500 light
	view "$pages/$name.html" 500 dark
done
view "$pages/hostile.html" 500 light
view "$pages/large.html" 2000 dark
