// The style sheet of the report: light and dark, from a phone to a wide screen, and on paper.
#pragma once

#include <string_view>

namespace tl::detail::report {

inline constexpr std::string_view style_sheet = R"css(
:root { color-scheme: light dark; --ground: #fff; --card: #f6f7f9; --text: #1d2127; --faint: #5b6470; --edge: #d5dae0;
  --heat: 37, 99, 200; --good: #1a7f4b; --bad: #b3261e;
  --c0: #1f5fbf; --c1: #c2510c; --c2: #1a7f4b; --c3: #8a3fa8; --c4: #8a6d00; --c5: #a8325a; }
@media screen and (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1d2228; --text: #e7eaee;
  --faint: #a3adb8; --edge: #3a424c; --heat: 96, 156, 255; --good: #6fd3a0; --bad: #ff9a92;
  --c0: #7fb2ff; --c1: #ffab70; --c2: #6fd3a0; --c3: #d9a0f0; --c4: #e3c84f; --c5: #ff9dbb; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--ground); color: var(--text);
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: .2rem 0; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; } p { margin: .4rem 0; max-width: 60rem; }
.faint, small { color: var(--faint); } nav { margin: .8rem 0; } nav a { margin-right: .9rem; white-space: nowrap; }
a { color: var(--c0); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.tiles div { background: var(--card); border: 1px solid var(--edge); border-radius: .5rem; padding: .5rem .7rem; }
.tiles b { display: block; font-size: 1.25rem; overflow-wrap: anywhere; } .tiles span { color: var(--faint); font-size: .85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: .8rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--edge); border-radius: .5rem; padding: .6rem; }
figcaption { font-size: .9rem; margin-bottom: .3rem; } figcaption b { margin-right: .4rem; overflow-wrap: anywhere; }
.key { color: var(--faint); white-space: nowrap; margin-right: .5rem; } .key svg { width: 22px; height: 10px; }
figure > svg { width: 100%; height: auto; display: block; } svg text { font-size: 12px; fill: var(--faint); }
.grid { stroke: var(--edge); stroke-width: .7; } .axis, .tick { stroke: var(--faint); stroke-width: 1; }
.c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); } .c4 { --c: var(--c4); }
.c5 { --c: var(--c5); } .line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; }
.c1 .line, .c1.line { stroke-dasharray: 6 3; } .c2 .line { stroke-dasharray: 2 3; } .c3 .line { stroke-dasharray: 8 3 2 3; }
.mark { fill: var(--c); stroke: var(--card); stroke-width: .8; } .bar { fill: var(--c); fill-opacity: .75; }
.dashed { stroke: var(--c); stroke-width: 1.5; stroke-dasharray: 5 4; }
.wide { overflow-x: auto; max-width: 100%; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--edge); text-align: right; vertical-align: top; }
th { font-weight: 600; color: var(--faint); } td:first-child, th:first-child, .left { text-align: left; }
.left { overflow-wrap: anywhere; } table.rows td.text { width: 60%; min-width: 16rem; text-align: left; overflow-wrap: anywhere; }
table.rows th { overflow-wrap: normal; } table.rows td.place { min-width: 7.5rem; max-width: 13rem; overflow-wrap: anywhere; }
table.rows td.name { text-align: left; max-width: 14rem; overflow-wrap: break-word; }
table.matrix td { background: rgba(var(--heat), calc(var(--share) * .5)); text-align: center; min-width: 4.2rem; }
table.matrix td small { display: block; color: inherit; opacity: .85; } table.matrix th { text-align: center; }
table.matrix td.right { outline: 2px solid var(--good); outline-offset: -2px; }
.wrong { color: var(--bad); font-weight: 600; } td { font-variant-numeric: tabular-nums; }
pre { background: var(--card); border: 1px solid var(--edge); border-radius: .5rem; padding: .7rem; overflow-x: auto;
  font-size: .82rem; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin: .5rem 0; } summary { cursor: pointer; }
@media (max-width: 34rem) { body { padding: .6rem; } table { font-size: .82rem; } th, td { padding: .25rem .4rem; }
  table.rows tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--edge); }
  table.rows tr:first-child { display: none; }
  table.rows td, table.rows td.name, table.rows td.place { display: inline-block; border: 0; min-width: 0; max-width: 100%;
    padding: .1rem .7rem .1rem 0; }
  table.rows td.text { display: block; width: auto; }
  table.rows td[data-is]::before { content: attr(data-is) " "; color: var(--faint); font-weight: 400; } }
@media print { @page { margin: 12mm; } body { font-size: 11px; padding: 0; max-width: none; } nav { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .charts { grid-template-columns: 1fr 1fr; } figure, tr, .tiles div { break-inside: avoid; }
  h2, h3 { break-after: avoid; } .wide { overflow: visible; } pre { white-space: pre-wrap; }
  table.rows td.text { min-width: 0; } }
)css";

}  // namespace tl::detail::report
