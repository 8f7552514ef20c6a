/** Colours as light and dark; the same as those of the page (a test compares them), so a report looks like what it reports on. */
const TOKENS = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#f6f7f5, #0c1315);
  --surface: light-dark(#ffffff, #131c1f);
  --ink: light-dark(#14201f, #e8efee);
  --ink2: light-dark(#465352, #b2c0c0);
  --ink3: light-dark(#5f6b6a, #8e9e9d);
  --line: light-dark(#dde2e0, #27353a);
  --accent: light-dark(#0b5f73, #6fc7db);
  --ok: light-dark(#00775a, #86ebc0);
  --warning: light-dark(#9f5a0c, #fdb746);
  --critical: light-dark(#9e0c18, #fe6b70);
  --unknown: light-dark(#44535b, #a9bac2);
  --held: light-dark(#7053c4, #9c8be8);
  --held-tint: light-dark(#efebfb, #251f45);
  --mark-line: light-dark(#1f4e5a, #bfe3ea);
  --mark-band: light-dark(#d3e4e7, #1f3a40);
  --track: light-dark(#e1e6e4, #263338);
}`;

export const STYLE = `${TOKENS}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 14px/20px system-ui, -apple-system, "Segoe UI", Inter, Roboto, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 26px; line-height: 32px; font-weight: 600; margin: 4px 0 8px; text-wrap: balance; }
h2 { font-size: 18px; line-height: 24px; font-weight: 600; margin: 36px 0 12px; }
h3 { font-size: 15px; line-height: 22px; font-weight: 600; margin: 0; }
p { margin: 0 0 8px; max-width: 80ch; }
.dim { color: var(--ink3); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; margin: 20px 0; padding: 0; }
.tile { background: var(--surface); border: 1px solid var(--line); border-radius: 9px; padding: 12px 16px; }
.tile dt { color: var(--ink2); }
.tile dd { margin: 0; }
.tile .figure { font-size: 24px; line-height: 32px; font-weight: 600; }
.bullet { display: block; width: 100%; height: 12px; margin: 6px 0 4px; }
.bullet .track { fill: var(--track); } .bullet .used { fill: var(--ink2); } .bullet .over { fill: var(--critical); } .bullet .limit { fill: var(--ink); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 12px; padding: 0; list-style: none; color: var(--ink2); }
.legend svg { width: 26px; height: 14px; vertical-align: -2px; margin-right: 6px; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 9px; padding: 14px 16px; margin: 0 0 12px; break-inside: avoid; }
.card.wrong { border-left: 4px solid var(--critical); } .card.missed { border-left: 4px dashed var(--critical); } .card.right { border-left: 4px solid var(--ok); } .card.ticket { border-left: 4px solid var(--warning); }
.card header { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; margin-bottom: 4px; }
.tag { font-weight: 600; } .tag.wrong, .tag.missed { color: var(--critical); } .tag.right { color: var(--ok); } .tag.ticket { color: var(--warning); } .tag.page { color: var(--critical); }
dl.story { display: grid; grid-template-columns: 64px 1fr; gap: 2px 8px; margin: 6px 0; }
dl.story dt { color: var(--ink3); } dl.story dd { margin: 0; max-width: 80ch; }
.chart { margin: 10px 0 0; }
.chart figcaption { margin-bottom: 2px; }
.plot { position: relative; height: 120px; border-bottom: 1px solid var(--line); }
.plot svg { width: 100%; height: 100%; display: block; }
.plot span { position: absolute; left: 2px; font-size: 11px; line-height: 13px; color: var(--ink2); background: var(--surface); padding: 0 2px; }
.plot .high { top: 6px; } .plot .low { bottom: 6px; }
.ends { display: flex; justify-content: space-between; font-size: 11px; line-height: 16px; color: var(--ink3); }
svg .band { fill: var(--mark-band); } svg .line { fill: none; stroke: var(--mark-line); stroke-width: 1.4; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
svg .excluded { fill: var(--track); fill-opacity: 0.7; stroke: var(--ink3); stroke-dasharray: 1 3; vector-effect: non-scaling-stroke; } svg .ahead, svg .limit { fill: none; stroke: var(--mark-line); stroke-dasharray: 2 3; vector-effect: non-scaling-stroke; } svg .limit { stroke: var(--critical); stroke-dasharray: 5 3; }
svg .alert { fill: var(--critical); } svg .label { fill: var(--accent); } svg .lease { fill: var(--held-tint); stroke: var(--held); vector-effect: non-scaling-stroke; } svg .ticket { fill: var(--warning); }
.curve { max-width: 540px; } .curve svg { width: 100%; display: block; margin-top: 6px; } .curve .axis { fill: none; stroke: var(--line); } .curve .point { fill: var(--mark-line); } .curve .chosen { fill: var(--surface); stroke: var(--critical); stroke-width: 3; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 12px; }
.charts .card { margin: 0; }
.week { display: grid; grid-template-columns: 92px 1fr; align-items: center; margin-bottom: 3px; }
.week svg { width: 100%; height: 20px; display: block; background: var(--track); }
.week svg .seen { fill: var(--surface); } .week svg .learning { fill: var(--track); } .week svg .day { stroke: var(--line); vector-effect: non-scaling-stroke; }
.week ol { display: grid; grid-template-columns: repeat(7, 1fr); list-style: none; margin: 0; padding: 0; color: var(--ink3); font-size: 12px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--surface); border: 1px solid var(--line); }
caption { text-align: left; color: var(--ink2); padding: 4px 0; }
th, td { text-align: left; padding: 5px 10px; border-top: 1px solid var(--line); white-space: nowrap; }
td.words { white-space: normal; min-width: 220px; }
thead th { color: var(--ink2); font-size: 12.5px; font-weight: 600; }
tbody th { font-weight: 600; }
.number { text-align: right; }
code { font: 13px/20px ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
footer { margin-top: 36px; color: var(--ink2); }
@media (max-width: 480px) { h1 { font-size: 22px; line-height: 27px; } dl.story { grid-template-columns: 1fr; } .week { grid-template-columns: 1fr; } .week.head { display: none; } }
@media print { body { background: #fff; } main { max-width: none; padding: 0; } .card, .week { break-inside: avoid; } }
`;
