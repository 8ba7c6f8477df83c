// One link: since when it is as it is, why, and how long searches over it took. Without one, the slowest.

import { byId, capital, el, lasting, say } from "./dom.js";
import { bar, latency, strip } from "./chart.js";
import { copyable } from "./head.js";
import { brief, whyDown } from "./matrix.js";

const SLOWEST = 8;

// The link that was chosen, by its names: its place may change.
let chosen = null;
let history = null;

export function showLinkOf(mesh, from, to) {
  chosen = [mesh.links.clusters[from], mesh.links.clusters[to]];
  history = null;
  draw(mesh);
  load(mesh);
}

export function refreshLink(mesh) {
  if (!mesh.links) {
    chosen = null;
    byId("link-body").replaceChildren();
    return;
  }
  if (chosen) load(mesh);
  draw(mesh);
}

async function load(mesh) {
  const [from, to] = chosen;
  const answer = await fetch(`/api/history?minutes=60&from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`).catch(() => null);
  if (!answer?.ok || chosen?.[0] !== from || chosen?.[1] !== to) return;
  history = await answer.json();
  draw(mesh);
}

function draw(mesh) {
  const body = byId("link-body");
  const places = chosen?.map((name) => mesh.links.clusters.indexOf(name));
  if (!places || places.includes(-1)) {
    say(byId("link-title"), "Slowest links");
    body.replaceChildren(...slowest(mesh));
    return;
  }
  const [from, to] = places;
  say(byId("link-title"), `${chosen[0]} → ${chosen[1]}`);
  const mark = mesh.links.rows[from].charAt(to);
  const since = mesh.links.since[chosen.join(">")];
  const ms = mesh.links.ms[from][to];
  const word = { 1: "up", 0: "down", "?": "unknown" }[mark] ?? "no link";
  const long = since ? ` for ${lasting(Date.now() - new Date(since))}` : "";
  const why = whyDown(mesh, from, to);
  const parts = [
    el(`p.standing.${word === "up" ? "good" : "bad"}`, null, el("strong", null, capital(word)), long, ms === null ? "" : `, ${ms} ms`),
    why ? el("p.why", null, capital(why)) : null,
    mark === "0" || mark === "?" ? copyable(mesh.problems.length > 0 ? "mesh verify" : "mesh status") : null,
  ];
  if (history && history.at.length > 0) {
    const minutes = Math.max(1, Math.round((history.at.at(-1) - history.at[0]) / 60));
    parts.push(el("h3", null, "Looks"), strip(history.marks, 360, 26));
    parts.push(el("h3", null, "Latency", el("small", null, " ms there and back")), latency(history, 360, 110));
    parts.push(el("dl.figures", null,
      figure("median", history.median_ms), figure("95 of 100", history.p95_ms), el("div", null, el("dt", null, "shown"), el("dd", null, `${minutes} min`))));
  }
  parts.push(el("p", null, el("button.plain", { type: "button", click: () => { chosen = null; draw(mesh); } }, "Show the slowest links")));
  body.replaceChildren(...parts.filter(Boolean));
}

function figure(name, ms) {
  return el("div", null, el("dt", null, name), el("dd", null, ms === null ? "–" : `${ms} ms`));
}

function slowest(mesh) {
  const { links } = mesh;
  const all = [];
  links.ms.forEach((row, from) => row.forEach((ms, to) => ms !== null && all.push([ms, from, to])));
  all.sort((a, b) => b[0] - a[0]);
  if (all.length === 0) return [el("p.quiet", null, "No search has crossed a link yet.")];
  const most = Math.max(all[0][0], 1);
  const median = all[Math.floor(all.length / 2)][0];
  const rows = all.slice(0, SLOWEST).map(([ms, from, to]) => {
    const picture = bar(150);
    picture.draw(ms / most);
    const open = () => showLinkOf(mesh, from, to);
    return el("li", null,
      el("button.plain", { type: "button", click: open }, `${brief(links.clusters[from])} → ${brief(links.clusters[to])}`),
      picture, el("span.number", null, `${ms} ms`));
  });
  return [
    el("p.quiet", null, `Half of all links take ${median} ms or less, there and back. Choose a cell for its history.`),
    el("ol.slowest", null, ...rows),
  ];
}
