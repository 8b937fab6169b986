/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/style.h"

namespace migreport {

const char* const kStyle = R"css(
:root { color-scheme: light dark; --ground: #f4f6f8; --card: #fff; --text: #1c2128; --dim: #59636e; --line: #d5dae0;
  --code: #eef1f4; --accent: #0b61a8; --warn: #fff4d6; --warn-line: #d9a520; --empty: #f0f2f5; --hover: rgba(0,0,0,.16);
  --h1: #dbe9f6; --h2: #bdd7ec; --h3: #93c3df; --h4: #60a7d2; --h5: #3787c0; --h6: #1968ad; --h7: #0a4a90; --h8: #08306b;
  --low: #10253b; --high: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181d; --card: #1c2127; --text: #e3e8ee; --dim: #9aa5b1; --line: #363e48; --code: #262d35;
    --accent: #6cb6f5; --warn: #3a3115; --warn-line: #c79a2b; --empty: #242a32; --hover: rgba(255,255,255,.22);
    --h1: #1b3550; --h2: #1f4a70; --h3: #236093; --h4: #2b78b5; --h5: #4893cd; --h6: #70b0df; --h7: #9fcdec; --h8: #d3e9f8;
    --low: #fff; --high: #0d2034; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.5rem 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
nav { position: sticky; top: 0; z-index: 1; background: var(--ground); border-bottom: 1px solid var(--line); }
nav ul { display: flex; flex-wrap: nowrap; overflow-x: auto; gap: 1.1rem; list-style: none; max-width: 1080px; margin: 0 auto; padding: .55rem 1rem; white-space: nowrap; }
nav a { color: var(--accent); text-decoration: none; }
nav a:hover, nav a:focus { text-decoration: underline; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1.1rem 1.25rem; margin: 1rem 0; }
p { margin: .4rem 0; }
.how { max-width: 48rem; color: var(--dim); margin-bottom: .9rem; }
.note, .dim, caption, footer { color: var(--dim); }
.note { font-size: .9rem; max-width: 48rem; }
.none { padding: .7rem .9rem; background: var(--empty); border-radius: 6px; }
.warning { padding: .5rem .9rem; margin: .8rem 0; background: var(--warn); border-left: 4px solid var(--warn-line); border-radius: 4px; overflow-wrap: anywhere; }
.warning p, .warning ul { margin: .2rem 0; } .warning ul { padding-left: 1.2rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .7rem; margin: .3rem 0 .8rem; }
.tile { background: var(--empty); border-radius: 6px; padding: .55rem .8rem; }
.tile b { display: block; font-size: 1.45rem; line-height: 1.3; font-weight: 600; white-space: nowrap; font-variant-numeric: tabular-nums; }
.tile span { color: var(--dim); font-size: .88rem; } .tile b span { color: inherit; font-size: inherit; }
.scroll { overflow-x: auto; margin: .5rem 0; }
.tall { max-height: 26rem; overflow-y: auto; }
.side { display: flex; flex-wrap: wrap; gap: 0 2rem; align-items: flex-start; } .side > div { min-width: 0; max-width: 100%; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: .88rem; padding: .3rem 0; white-space: nowrap; }
th, td { padding: .28rem .8rem .28rem 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; } th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; }
td.prose { white-space: normal; min-width: 20rem; color: var(--dim); font-size: .88rem; line-height: 1.4; }
td.name { white-space: pre-wrap; min-width: 8rem; max-width: 18rem; overflow-wrap: anywhere; }
tr.total td { font-weight: 600; border-bottom: 0; border-top: 2px solid var(--line); }
.g { margin-left: .18em; }
code, pre { font: .88em/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.commands { margin-top: 1rem; font-size: .9rem; color: var(--dim); } .commands p { margin: 0 0 .25rem; }
pre { margin: 0 0 .35rem; padding: .45rem .7rem; background: var(--code); color: var(--text); border-radius: 5px; overflow-x: auto; }
pre code { font-size: 1em; user-select: all; }
svg { display: block; } svg.swatch { display: inline-block; margin-right: .4rem; } svg.bar { display: inline-block; vertical-align: middle; }
svg.wide { width: 100%; min-width: 46rem; height: auto; } svg.heat { max-width: none; }
svg text { font-size: 12px; fill: var(--text); font-family: inherit; }
.axis text { fill: var(--dim); font-variant-numeric: tabular-nums; } .axis path { stroke: var(--dim); fill: none; } .axis .grid { stroke: var(--line); }
.mark path { stroke: var(--text); stroke-width: 1.3; stroke-dasharray: 4 3; fill: none; } .mark text { fill: var(--text); paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
.markline { display: inline-block; height: .9em; border-left: 2px dashed var(--text); margin: 0 .5rem 0 .2rem; vertical-align: -.1em; }
.columns > rect { fill: transparent; } .columns > rect:hover { fill: var(--hover); }
.ground { fill: var(--empty); }
.cells g:hover rect { stroke: var(--text); stroke-width: 1.5; }
.h1 { fill: var(--h1); } .h2 { fill: var(--h2); } .h3 { fill: var(--h3); } .h4 { fill: var(--h4); }
.h5 { fill: var(--h5); } .h6 { fill: var(--h6); } .h7 { fill: var(--h7); } .h8 { fill: var(--h8); }
svg .cells text { fill: var(--low); font-variant-numeric: tabular-nums; pointer-events: none; }
svg .cells text.t5, svg .cells text.t6, svg .cells text.t7, svg .cells text.t8 { fill: var(--high); }
.stay > .band { fill: transparent; } .stay:hover > .band { fill: var(--empty); }
svg text.label { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 11.5px; }
svg text.inside { fill: #10253b; pointer-events: none; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.2rem; list-style: none; margin: .3rem 0; padding: 0; font-size: .9rem; color: var(--dim); }
.legend li { white-space: nowrap; } .legend code { color: var(--text); }
.tip { position: fixed; z-index: 2; pointer-events: none; max-width: 24rem; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 5px;
  background: var(--card); color: var(--text); font-size: .85rem; white-space: pre-line; box-shadow: 0 2px 8px rgba(0,0,0,.25); }
footer { padding-bottom: 2rem; font-size: .9rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) { section { padding: .9rem .8rem; } h1 { font-size: 1.3rem; } svg.bar { width: 4rem; }
  td.prose { min-width: 14rem; } }
@media print { nav { position: static; } section { break-inside: avoid; } .tall { max-height: none; } }
)css";

// Browsers show the title of a part of a picture after a second or so; this does it at once. Without it they
// still do.
const char* const kScript = R"js(
(() => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const texts = new WeakMap();
  for (const title of document.querySelectorAll(".hit title")) {
    texts.set(title.parentNode, title.textContent);
    title.parentNode.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  document.addEventListener("pointermove", (event) => {
    let at = event.target;
    while (at && at !== document && !texts.has(at)) at = at.parentNode;
    tip.hidden = !at || at === document;
    if (tip.hidden) return;
    tip.textContent = texts.get(at);
    const room = (size, length, all) => Math.max(4, size + 14 + length > all ? size - 14 - length : size + 14);
    tip.style.left = room(event.clientX, tip.offsetWidth, innerWidth) + "px";
    tip.style.top = room(event.clientY, tip.offsetHeight, innerHeight) + "px";
  });
})();
)js";

const char* const kScriptHash = "tyI3AtBfcGpQM+y0VI3CMzsEJlz7X/ge7kD5tn5/NKU=";

}  // namespace migreport
