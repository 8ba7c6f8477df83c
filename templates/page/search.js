// One search over the whole mesh: hits by cluster as bars, and the first hits as they are.

import { byId, capital, counted, el, lasting, whole, withCode } from "./dom.js";
import { bar } from "./chart.js";

const SHOWN = 10;
const LONGEST = 600;

export function begin() {
  byId("ask").addEventListener("submit", async (event) => {
    event.preventDefault();
    const place = byId("found");
    const button = byId("ask").querySelector("button");
    button.disabled = true;
    place.setAttribute("aria-busy", "true");
    try {
      place.replaceChildren(...await search(byId("query").value, byId("indices").value));
    } finally {
      button.disabled = false;
      place.removeAttribute("aria-busy");
    }
  });
}

async function search(query, indices) {
  const body = JSON.stringify({ query, indices, size: SHOWN });
  const answer = await fetch("/api/search", { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
  if (!answer) return [el("p.bad", null, "The search did not reach mesh serve.")];
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) return [el("p.bad", null, capital(found.error ?? `status ${answer.status}`))];
  return shown(found);
}

function shown(found) {
  const most = Math.max(1, ...found.clusters.map((part) => part.hits));
  const parts = found.clusters.map((part) => {
    const picture = bar(160);
    picture.draw(part.hits / most);
    const whole_ = part.status === "successful";
    return el(whole_ ? "li" : "li.lacks", null,
      el("span.name", null, part.cluster), picture, el("span.number", null, whole(part.hits)),
      whole_ ? null : el("span.bad.why", null, `${part.status}${part.failure ? `: ${part.failure.reason}` : ""}`));
  });
  const hits = found.hits.map((hit) => {
    const text = JSON.stringify(hit.source, null, 1).replace(/\n\s*/g, " ");
    return el("li", null,
      el("p.where", null, el("span", null, `${hit.cluster} · ${hit.index}`), el("span.quiet", null, hit.id)),
      el("pre", null, text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text));
  });
  return [
    el("p.total", null, el("strong", null, counted(found.total, "hit")), ` in ${found.took_ms < 1000 ? `${found.took_ms} ms` : lasting(found.took_ms)}, searched from ${found.from}`),
    ...(found.notes ?? []).map((note) => el("p.quiet", null, ...withCode(note))),
    el("ul.bars", null, ...parts),
    hits.length > 0 ? el("ol.hits", null, ...hits) : null,
  ].filter(Boolean);
}
