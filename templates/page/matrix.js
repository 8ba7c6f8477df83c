// The links as a matrix: a table of buttons, or a canvas where they are many. Both are walked by arrow keys.

import { byId, el, lasting, put, say } from "./dom.js";

// More clusters are drawn on a canvas.
const TABLE = 24;
const NAMES = { "·": "own", 1: "up", 0: "down", "?": "unknown", "-": "none" };
const GLYPHS = { down: "✗", unknown: "?", own: "", up: "", none: "" };

let mesh = null;
let choose = () => {};
let view = null;
// The row and the column that are pointed at.
let at = [0, 0];

export function showLinks(state, chosen) {
  mesh = state;
  choose = chosen;
  const { links } = mesh;
  const place = byId("matrix");
  if (!links || links.clusters.length === 0) {
    view = null;
    place.replaceChildren(el("p.quiet", null, "No links yet."));
    return;
  }
  document.body.classList.toggle("many", links.clusters.length > TABLE);
  const key = JSON.stringify([links.clusters, links.own]);
  if (view?.key !== key) {
    at = [0, Math.min(1, links.clusters.length - 1)];
    view = links.clusters.length <= TABLE ? table(links) : canvas(links);
    view.key = key;
    place.replaceChildren(view.element);
  }
  view.draw(links);
  under();
  asText();
}

const mark = (from, to) => NAMES[mesh.links.rows[from].charAt(to)];
const isLink = (name) => name === "up" || name === "down" || name === "unknown";

// 01, or 01-london for a cluster of a peer.
export const brief = (name) => name.replace(/^cluster/, "");

// How slow a link is beside most: 0 as most, 3 much slower.
let typical = 1;
function slowness(from, to) {
  const ms = mesh.links.ms[from][to];
  if (ms === null || ms <= 5) return 0;
  const times = ms / typical;
  return times > 8 ? 3 : times > 4 ? 2 : times > 2 ? 1 : 0;
}

function measure(links) {
  const known = links.ms.flat().filter((ms) => ms !== null).sort((a, b) => a - b);
  typical = Math.max(1, known[Math.floor(known.length / 2)] ?? 1);
}

export function whyDown(state, from, to) {
  const { links, status } = state;
  if (to < links.own) return status?.clusters[from]?.links.down[links.clusters[to]] ?? null;
  return status?.peers[to - links.own]?.down[links.clusters[from]] ?? null;
}

export function inWords(state, from, to) {
  const { links } = state;
  const [a, b] = [links.clusters[from], links.clusters[to]];
  const name = NAMES[links.rows[from].charAt(to)];
  if (name === "own") return `${a} itself`;
  const link = `${a} → ${b}`;
  if (name === "none") return from >= links.own ? `${link}: a link of another mesh` : `${link}: no link`;
  const ms = links.ms[from][to];
  if (name === "up") return ms === null ? `${link} is up` : `${link} is up, ${ms} ms`;
  const since = links.since[`${a}>${b}`];
  const long = since ? ` for ${lasting(Date.now() - new Date(since))}` : "";
  return `${link} is ${name}${long}`;
}

function under() {
  say(byId("under"), inWords(mesh, ...at));
}

function point(from, to) {
  at = [from, to];
  under();
}

function select(from, to) {
  point(from, to);
  if (isLink(mark(from, to))) choose(mesh, from, to);
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// Moves by a key; `false` for another key.
function walk(event) {
  const last = mesh.links.clusters.length - 1;
  let [from, to] = at;
  if (STEPS[event.key]) {
    from += STEPS[event.key][0];
    to += STEPS[event.key][1];
  } else if (event.key === "Home") to = 0;
  else if (event.key === "End") to = last;
  else if (event.key === "PageUp") from = 0;
  else if (event.key === "PageDown") from = last;
  else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    select(...at);
    return false;
  } else return false;
  event.preventDefault();
  point(Math.max(0, Math.min(last, from)), Math.max(0, Math.min(last, to)));
  return true;
}

// ------------------------------------------------------------------ a table

function table(links) {
  const cells = links.clusters.map((_, from) => links.clusters.map((_, to) => {
    const button = el("button", { type: "button", tabindex: "-1", "data-from": from, "data-to": to });
    return { cell: el("td", { role: "gridcell" }, button), button };
  }));
  const heads = links.clusters.map((name, at) => el(at < links.own ? "th" : "th.peer", { scope: "col", title: name }, el("span", null, brief(name))));
  const rows = links.clusters.map((name, from) =>
    el("tr", { role: "row" }, el(from < links.own ? "th" : "th.peer", { scope: "row", title: name }, brief(name)), ...cells[from].map(({ cell }) => cell)));
  const grid = el("table.matrix", { role: "grid", "aria-labelledby": "links-title" },
    el("thead", null, el("tr", { role: "row" }, el("td"), ...heads)), el("tbody", null, ...rows));
  const button = ([from, to]) => cells[from][to].button;
  const rove = () => {
    grid.querySelector("button[tabindex='0']")?.setAttribute("tabindex", "-1");
    button(at).setAttribute("tabindex", "0");
  };
  const target = (event) => event.target.closest("button")?.dataset;
  grid.addEventListener("click", (event) => {
    const of = target(event);
    if (!of) return;
    select(Number(of.from), Number(of.to));
    rove();
  });
  grid.addEventListener("pointerover", (event) => {
    const of = target(event);
    if (of) point(Number(of.from), Number(of.to));
  });
  grid.addEventListener("focusin", (event) => {
    const of = target(event);
    if (of) point(Number(of.from), Number(of.to));
  });
  grid.addEventListener("keydown", (event) => {
    if (!walk(event)) return;
    rove();
    button(at).focus();
  });
  rove();
  const draw = (now) => {
    measure(now);
    now.clusters.forEach((_, from) => now.clusters.forEach((_, to) => {
      const { button } = cells[from][to];
      const name = mark(from, to);
      const slow = name === "up" ? slowness(from, to) : 0;
      put(button, "class", slow > 0 ? `${name} slow${slow}` : name);
      say(button, GLYPHS[name]);
      put(button, "aria-label", inWords(mesh, from, to));
    }));
  };
  return { element: grid, draw };
}

// ------------------------------------------------------------------ a canvas

function canvas(links) {
  const size = links.clusters.length;
  const edge = 26;
  const surface = el("canvas.matrix", { tabindex: "0", role: "application", "aria-label": `Matrix of ${size} × ${size} links; arrow keys walk through it, Enter shows a link`, "aria-describedby": "under" });
  const context = surface.getContext("2d");
  let cell = 9;
  let now = links;
  let frame = 0;
  let pointed = false;

  function paint() {
    frame = 0;
    const room = surface.parentElement?.clientWidth ?? 0;
    cell = Math.max(4, Math.min(14, Math.floor((Math.max(room, 300) - edge) / size)));
    const side = edge + cell * size;
    const scale = devicePixelRatio;
    if (surface.width !== Math.round(side * scale)) {
      surface.width = surface.height = Math.round(side * scale);
      surface.style.width = surface.style.height = `${side}px`;
    }
    const style = getComputedStyle(surface);
    const color = (name) => style.getPropertyValue(name).trim();
    const colors = { up: [color("--up"), color("--up1"), color("--up2"), color("--up3")], down: color("--bad"), unknown: color("--unknown"), ink: color("--ink"), quiet: color("--quiet"), back: color("--panel"), line: color("--line"), knockout: color("--knockout"), shade: color("--shade") };
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = colors.back;
    context.fillRect(0, 0, side, side);
    const gap = cell > 6 ? 1.5 : 1;
    // by color, since changing it is what takes time
    const kinds = new Map();
    now.rows.forEach((row, from) => {
      let to = 0;
      for (const letter of row) {
        const name = NAMES[letter];
        if (name !== "none") {
          const fill = name === "up" ? colors.up[slowness(from, to)] : name === "own" ? colors.line : colors[name];
          if (!kinds.has(fill)) kinds.set(fill, []);
          kinds.get(fill).push(to, from);
        }
        to += 1;
      }
    });
    for (const [fill, places] of kinds) {
      // what is down touches its neighbors, so that a row or a column is a line
      const inside = fill === colors.down ? cell : cell - gap;
      context.fillStyle = fill;
      context.beginPath();
      for (let n = 0; n < places.length; n += 2) context.rect(edge + places[n] * cell, edge + places[n + 1] * cell, inside, inside);
      context.fill();
    }
    crosses(kinds.get(colors.down) ?? [], gap, colors);
    labels(colors);
    pointer(side, gap, colors);
  }

  // A mark besides the color.
  function crosses(places, gap, colors) {
    if (cell < 8) return;
    context.strokeStyle = colors.knockout;
    context.lineWidth = 1;
    context.beginPath();
    const inset = (cell - gap) * 0.25;
    for (let n = 0; n < places.length; n += 2) {
      const x = edge + places[n] * cell;
      const y = edge + places[n + 1] * cell;
      const far = cell - gap - inset;
      context.moveTo(x + inset, y + inset);
      context.lineTo(x + far, y + far);
      context.moveTo(x + far, y + inset);
      context.lineTo(x + inset, y + far);
    }
    context.stroke();
  }

  function labels(colors) {
    context.font = `10px ${getComputedStyle(document.body).fontFamily}`;
    now.clusters.forEach((name, n) => {
      const here = pointed && (n === at[0] || n === at[1]);
      if (!here && n !== 0 && (n + 1) % 10 !== 0) return;
      const middle = edge + n * cell + cell / 2;
      const label = brief(name).slice(0, 4);
      context.fillStyle = here ? colors.ink : colors.quiet;
      const near = (other) => pointed && Math.abs(other - n) * cell < 14 && other !== n;
      if (n === at[1] || !near(at[1])) {
        context.textAlign = "center";
        context.textBaseline = "bottom";
        context.fillText(label, middle, edge - 6);
      }
      if (n === at[0] || !near(at[0])) {
        context.textAlign = "right";
        context.textBaseline = "middle";
        context.fillText(label, edge - 7, middle);
      }
    });
  }

  function pointer(side, gap, colors) {
    if (!pointed) return;
    const [from, to] = at;
    context.fillStyle = colors.shade;
    context.fillRect(edge, edge + from * cell, side - edge, cell - gap);
    context.fillRect(edge + to * cell, edge, cell - gap, side - edge);
    context.strokeStyle = colors.ink;
    context.lineWidth = 1.5;
    context.strokeRect(edge + to * cell - 1, edge + from * cell - 1, cell - gap + 2, cell - gap + 2);
  }

  const later = () => { frame ||= requestAnimationFrame(paint); };
  const place = (event) => {
    const box = surface.getBoundingClientRect();
    const to = Math.floor((event.clientX - box.left - edge) / cell);
    const from = Math.floor((event.clientY - box.top - edge) / cell);
    return from >= 0 && to >= 0 && from < size && to < size ? [from, to] : null;
  };
  surface.addEventListener("pointermove", (event) => {
    const found = place(event);
    if (!found || (found[0] === at[0] && found[1] === at[1])) return;
    point(...found);
    pointed = true;
    later();
  });
  for (const [name, here] of [["focus", true], ["blur", false], ["pointerleave", false]]) {
    surface.addEventListener(name, () => {
      pointed = here;
      later();
    });
  }
  surface.addEventListener("click", (event) => {
    const found = place(event);
    if (found) select(...found);
    later();
  });
  surface.addEventListener("keydown", (event) => {
    if (!walk(event)) return;
    pointed = true;
    later();
  });
  addEventListener("resize", later);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
  const draw = (next) => {
    measure(next);
    now = next;
    later();
  };
  return { element: surface, draw };
}

// ------------------------------------------------------------------ words

// A line a cluster: what it reaches, and each link that is not up with its reason. Made when it is opened.
function asText() {
  const details = byId("as-text");
  if (!details.open) return;
  const { links } = mesh;
  const lines = links.clusters.slice(0, links.own).map((name, from) => {
    const wanted = [...links.rows[from]].map((letter, to) => [NAMES[letter], to]).filter(([mark]) => isLink(mark));
    const up = wanted.filter(([mark]) => mark === "up").map(([, to]) => links.clusters[to] + (links.ms[from][to] === null ? "" : ` (${links.ms[from][to]} ms)`));
    const rest = wanted.filter(([mark]) => mark !== "up").map(([, to]) => {
      const why = whyDown(mesh, from, to);
      return el("li", null, inWords(mesh, from, to) + (why ? `: ${why}` : ""));
    });
    return el("li", null, `${name} reaches ${up.length} of ${wanted.length}${up.length > 0 ? `: ${up.join(", ")}` : ""}`, rest.length > 0 ? el("ul", null, ...rest) : null);
  });
  details.querySelector("ul").replaceChildren(...lines);
}
