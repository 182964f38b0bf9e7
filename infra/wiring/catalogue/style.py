"""The look of /asyncapi."""

from typing import Final

STYLE: Final = """
:root { --ink: #1b2430; --quiet: #5b6675; --line: #dfe4ea; --panel: #fff; --ground: #f5f7f9; --accent: #22344f; }
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; scroll-behavior: smooth; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
header { position: sticky; top: 0; z-index: 1; background: var(--accent); color: #fff; }
.bar { max-width: 1180px; margin: auto; padding: .7rem 1.25rem; display: flex; flex-wrap: wrap; gap: .4rem .9rem;
  align-items: baseline; }
.bar strong { font-size: 1.05rem; }
.bar > span { opacity: .75; }
nav { display: flex; flex-wrap: wrap; gap: .2rem .9rem; margin-left: auto; font-size: .88rem; }
nav a { color: #dbe6f5; text-decoration: none; }
nav a:hover, nav a:focus-visible { color: #fff; text-decoration: underline; }
nav .tool { color: #ffd591; }
main { max-width: 1180px; margin: auto; padding: 1.25rem; }
.lead { color: var(--quiet); max-width: 85ch; margin: .2rem 0 1.2rem; }
.picture { overflow-x: auto; margin-bottom: 1.5rem; }
.picture svg { display: block; max-width: 100%; height: auto; min-width: 760px; }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 1.2rem 1.4rem;
  margin: 0 0 1.25rem; }
h2 { margin: 0; font-size: 1.25rem; }
.carries { margin: .1rem 0 .8rem; color: var(--quiet); }
.unused { background: #fff7e6; border: 1px solid #ffd591; border-radius: 6px; padding: .4rem .7rem; margin: 0 0 .8rem; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0 0 .9rem; }
.facts dt { font-size: .72rem; letter-spacing: .05em; text-transform: uppercase; color: var(--quiet); }
.facts dd { margin: 0; }
.people { margin-bottom: 1rem; }
.row { display: flex; flex-wrap: wrap; gap: .35rem; align-items: center; margin-bottom: .35rem; }
.row > span:first-child { width: 5.6rem; font-size: .85rem; color: var(--quiet); }
.chip { padding: .08rem .6rem; border-radius: 99px; border: 1px solid; font-size: .85rem; }
.producer { background: #e8f1fd; color: #1f5590; border-color: #b5d0f0; }
.process { background: #f1f0f4; color: #57516a; border-color: #d3cfdd; }
.consumer { background: #fdf0dc; color: #8a5200; border-color: #f0d2a0; }
.read-model { background: #e4f5ea; color: #17663a; border-color: #b4dfc4; }
details.message { border-top: 1px solid var(--line); }
summary { cursor: pointer; padding: .55rem .2rem; list-style-position: outside; }
.message > summary { display: flex; flex-wrap: wrap; gap: .1rem 1rem; align-items: baseline; }
.message > summary::before { content: "\\25B8"; color: var(--quiet); width: .8rem; transition: transform .12s; }
.message[open] > summary::before { transform: rotate(90deg); }
.message > summary::-webkit-details-marker { display: none; }
.message > summary:hover, .message > summary:focus-visible { background: #f2f5f9; }
.message > summary > code { font-weight: 600; min-width: 14rem; background: none; padding: 0; }
.message > summary > span { color: var(--quiet); flex: 1 1 20rem; }
.inside { padding: 0 .2rem 1rem 1.8rem; }
.ways, .more { margin: .2rem 0 .6rem; color: var(--quiet); font-size: .9rem; }
.ways b { color: var(--ink); font-weight: 600; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .87em; }
code { background: #eef1f5; border-radius: 4px; padding: .05em .3em; }
table { width: 100%; border-collapse: collapse; margin: .4rem 0 1rem; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .2rem; }
th { text-align: left; font-size: .72rem; letter-spacing: .05em; text-transform: uppercase; color: var(--quiet); }
th, td { padding: .28rem .7rem .28rem 0; border-bottom: 1px solid #edf0f3; vertical-align: top; }
td code { background: none; padding: 0; }
td:nth-child(3) { color: var(--quiet); white-space: nowrap; font-size: .85em; }
td:nth-child(4) { color: var(--quiet); width: 42%; }
pre { background: #f2f5f9; border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0; }
@media (max-width: 720px) { table, tbody, tr, td { display: block; } thead { display: none; } td { border: 0; padding: .05rem 0; }
  tr { border-bottom: 1px solid #edf0f3; padding: .35rem 0; } td:nth-child(4) { width: auto; } }
"""
