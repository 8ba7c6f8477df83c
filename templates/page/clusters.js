// A row a cluster: its state, its heap and its disk over time, what expires, and the way to its Kibana.

import { byId, el, put, say, short, whole } from "./dom.js";
import { bar, sparkline } from "./chart.js";

const HIGH_HEAP = 85;
const SOON = 30;

// The rows by the names of clusters, and the heaps of the last hour.
const rows = new Map();
let heaps = {};

// What was before this page was opened; from then on, each look adds to it.
export async function loadHistory(mesh) {
  const answer = await fetch("/api/history?minutes=60").catch(() => null);
  if (!answer?.ok) return;
  const history = await answer.json();
  heaps = Object.fromEntries(Object.entries(history.clusters).map(([name, series]) => [name, series.heap]));
  if (mesh.status) showClusters(mesh, true);
}

export function showClusters(mesh, known = false) {
  const body = byId("rows");
  const clusters = mesh.status?.clusters ?? [];
  byId("clusters").classList.toggle("many", clusters.length > 24);
  const names = new Set(clusters.map((of) => of.cluster));
  for (const [name, row] of rows) {
    if (!names.has(name)) {
      row.element.remove();
      rows.delete(name);
    }
  }
  for (const of of clusters) {
    if (!rows.has(of.cluster)) {
      const row = make(of);
      rows.set(of.cluster, row);
      body.append(row.element);
    }
    if (!known) {
      heaps[of.cluster] ??= [];
      heaps[of.cluster].push(of.heap_percent);
      if (heaps[of.cluster].length > 360) heaps[of.cluster].shift();
    }
    rows.get(of.cluster).draw(of);
  }
}

function make(first) {
  const state = el("span.state");
  const health = el("span");
  const documents = el("td.number");
  const heap = sparkline(90, 20);
  const heapText = el("span.number");
  const disk = bar(64);
  const diskText = el("span.number");
  const expires = el("td.expires");
  const kibana = el("td.opens");
  const element = el("tr", { id: `of-${first.cluster}` },
    el("th", { scope: "row" }, first.cluster), el("td", null, state), el("td", null, health), documents,
    el("td.chart", null, heap, heapText), el("td.chart", null, disk, diskText), expires, kibana);
  let link = null;

  function draw(of) {
    put(element, "class", of.elastic.state === "ready" ? "" : "amiss");
    say(state, of.elastic.state);
    put(state, "class", `state ${of.elastic.state === "ready" ? "good" : of.elastic.state === "degraded" ? "poor" : "bad"}`);
    put(state, "title", of.elastic.reason ?? "");
    say(health, of.health ?? "–");
    put(health, "class", of.health === "red" ? "bad" : of.health === null ? "quiet" : "");
    say(documents, of.documents === null ? "–" : whole(of.documents));
    heap.draw(heaps[of.cluster] ?? [], 100);
    say(heapText, percent(of.heap_percent));
    put(heapText, "class", of.heap_percent >= HIGH_HEAP ? "number poor" : "number");
    disk.draw((of.disk_percent ?? 0) / 100);
    say(diskText, percent(of.disk_percent));
    put(diskText, "class", of.disk_watermark ? "number bad" : "number");
    drawExpiry(of);
    drawKibana(of);
  }

  function drawExpiry(of) {
    const ends = [["key", of.api_key?.days_left], ["certificate", of.certificate?.days_left], [of.license?.type ?? "license", of.license?.days_left]]
      .filter(([, days]) => days !== null && days !== undefined)
      .sort((a, b) => a[1] - b[1]);
    const key = JSON.stringify(ends);
    if (expires.dataset.key === key) return;
    expires.dataset.key = key;
    // a trial is short from its first day on
    const urgent = ([name, days]) => days < (name === "trial" ? 8 : SOON);
    const [next] = ends;
    expires.title = ends.map(([name, days]) => `${name}: ${days} days`).join("\n");
    expires.replaceChildren(...(next
      ? [el(urgent(next) ? "span.poor" : "span", null, next[1] < 0 ? `${next[0]} has ended` : `${short(next[1])} d`), next[1] < 0 ? "" : el("span.quiet", null, ` ${next[0]}`)]
      : ["–"]));
  }

  function drawKibana(of) {
    if (!of.kibana) return kibana.replaceChildren();
    if (!link) {
      link = el("a", { target: "_blank", rel: "noreferrer noopener" });
      kibana.replaceChildren(link);
    }
    // an address of the mesh's own, and no script
    if (/^https?:/.test(of.kibana.url)) put(link, "href", of.kibana.url);
    say(link, of.kibana.state === "ready" ? "Kibana ↗" : `Kibana ${of.kibana.state}`);
    put(link, "class", of.kibana.state === "ready" ? "" : "bad");
    put(link, "aria-label", `Kibana of ${of.cluster}${of.kibana.state === "ready" ? "" : `: ${of.kibana.state}`}`);
  }

  return { element, draw };
}

const percent = (value) => (value === null || value === undefined ? "–" : `${value} %`);
