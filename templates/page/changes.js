// What changed since the page's server started, the newest first.

import { byId, capital, clock, el } from "./dom.js";

const KEPT = 200;
const SIGNS = { worse: "▾", better: "▴", other: "·" };

let last = 0;

export function showChanges(lines) {
  const list = byId("lines");
  const fresh = lines.filter((line) => line.number > last);
  if (fresh.length === 0) return;
  if (last === 0) list.replaceChildren();
  last = fresh.at(-1).number;
  list.prepend(...fresh.reverse().map(({ at, kind, text }) =>
    el(`li.${kind}`, null,
      el("time", { datetime: at, title: new Date(at).toLocaleString() }, clock(at)),
      el("span.sign", { "aria-hidden": "true" }, SIGNS[kind]),
      el("span", null, capital(text)))));
  while (list.children.length > KEPT) list.lastElementChild.remove();
}
