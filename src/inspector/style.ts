/** The panel's styles, in its page's color scheme. A page may set `--inspector-accent` and `--inspector-ground`. */
export const style: string = `
:host {
  --accent: var(--inspector-accent, light-dark(#4338ca, #a5b4fc));
  --ground: var(--inspector-ground, light-dark(#fff, #191d28));
  --line: light-dark(#d9dce6, #343a4b);
  --soft: light-dark(#f3f4f9, #1d212d);
  --fresh: light-dark(#0f7a52, #4ade9c);
  --stale: light-dark(#a35a00, #fbbf5a);
  --danger: light-dark(#b4232c, #ff8f8f);
  container-type: inline-size;
  display: block;
  direction: ltr;
  padding: 12px;
  background: var(--ground);
  color: light-dark(#181b26, #e7e9f2);
  font: 14px/1.45 system-ui, sans-serif;
}
.tools { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 12px; }
.summary { flex: 1 1 10em; font-variant-numeric: tabular-nums; opacity: 0.85; }
.pair { display: flex; gap: 4px; }
button, input, select {
  box-sizing: border-box;
  min-height: 34px;
  padding: 4px 10px;
  border: 1px solid var(--line);
  border-radius: 8px;
  background: light-dark(#fff, #232838);
  color: inherit;
  font: inherit;
}
input { min-width: 9em; }
select { max-width: 10em; contain: paint; }
button { cursor: pointer; }
button:hover:enabled { border-color: var(--accent); color: var(--accent); }
button:disabled { opacity: 0.45; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.danger { color: var(--danger); }
.danger:hover:enabled { border-color: var(--danger); color: var(--danger); }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 8px 10px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { padding-block: 4px; font-size: 12px; font-weight: 600; opacity: 0.75; }
tbody th { max-width: 16em; font: 600 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.value { max-width: 22em; font: 12px/1.6 ui-monospace, monospace; overflow-wrap: anywhere; opacity: 0.85; }
.tags { max-width: 16em; overflow-wrap: anywhere; }
tbody th, .value, .tag { unicode-bidi: plaintext; }
.size { white-space: nowrap; font-variant-numeric: tabular-nums; }
.tag {
  display: inline-block;
  margin: 0 4px 2px 0;
  padding: 1px 8px;
  border-radius: 10px;
  background: color-mix(in srgb, var(--accent) 14%, transparent);
  font-size: 12px;
}
.life { min-width: 8.5em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.state { font-weight: 600; }
[data-state="fresh"] { --state: var(--fresh); }
[data-state="stale"] { --state: var(--stale); }
.state { color: var(--state); }
.bar { display: block; height: 4px; margin-top: 6px; overflow: hidden; border-radius: 2px; background: var(--line); }
.bar span {
  display: block;
  height: 100%;
  background: var(--state);
  transform: scaleX(var(--share, 0));
  transform-origin: left;
  transition: transform 1s linear;
}
.actions { white-space: nowrap; text-align: end; }
.actions button { min-height: 30px; margin-inline-start: 4px; padding-block: 2px; font-size: 13px; }
.empty { margin: 0; padding: 28px 0; text-align: center; opacity: 0.7; }
.status { min-height: 1.45em; margin: 8px 0 0; opacity: 0.85; overflow-wrap: anywhere; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@container (max-width: 640px) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  tbody tr {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 6px 10px;
    margin-bottom: 10px;
    padding: 12px;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--soft);
  }
  tbody :is(th, td) { max-width: none; padding: 0; border: 0; }
  .size { order: -1; text-align: end; }
  tbody th { order: -2; }
  .value, .actions { grid-column: 1 / -1; }
  .life { text-align: end; }
  .actions { display: flex; gap: 8px; }
  .actions button { flex: 1; margin: 0; min-height: 40px; }
  .tools > *, .pair > * { flex: 1 1 auto; }
  button, input, select { min-height: 40px; }
}
@media (prefers-reduced-motion: reduce) { .bar span { transition: none; } }
@media (forced-colors: active) {
  .bar { border: 1px solid; }
  .bar span { background: CanvasText; }
  .tag { border: 1px solid; }
}
`
