// Small charts: a line of values, a strip of marks, a bar.

import { svg } from "./dom.js";

// A line in a box of this size, with a gap where a value is null.
function path(values, width, height, top) {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let drawn = "";
  let pen = false;
  values.forEach((value, at) => {
    if (value === null || value === undefined) {
      pen = false;
      return;
    }
    const y = height - 1 - (Math.min(value, top) / top) * (height - 2);
    drawn += `${pen ? "L" : "M"}${(at * step).toFixed(1)} ${y.toFixed(1)}`;
    pen = true;
  });
  return drawn;
}

export function sparkline(width, height) {
  const line = svg("path.line");
  const picture = svg("svg.spark", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" }, line);
  picture.draw = (values, top) => line.setAttribute("d", path(values, width, height, top));
  return picture;
}

export function bar(width) {
  const full = svg("rect.full", { width, height: 5, rx: 2.5 });
  const part = svg("rect.part", { width: 0, height: 5, rx: 2.5 });
  const picture = svg("svg.bar", { viewBox: `0 0 ${width} 5`, width, height: 5, preserveAspectRatio: "none", "aria-hidden": "true" }, full, part);
  picture.draw = (share) => part.setAttribute("width", (Math.max(0, Math.min(1, share)) * width).toFixed(1));
  return picture;
}

// Whether a link was up, from left to right: a tick a sample, taller and in another color where it was down.
export function strip(marks, width, height) {
  const picture = svg("svg.strip", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const step = width / Math.max(marks.length, 60);
  const kinds = { 1: ["up", 0.55], 0: ["down", 1], "?": ["unknown", 0.3] };
  [...marks].forEach((mark, at) => {
    const [name, share] = kinds[mark];
    const x = width - (marks.length - at) * step;
    const tall = height * share;
    picture.append(svg(`rect.${name}`, { x: x.toFixed(2), y: (height - tall).toFixed(2), width: (marks.length > 90 ? step + 0.05 : step * 0.78).toFixed(2), height: tall.toFixed(2) }));
  });
  return picture;
}

// Latencies over time, with a line at the median and the scale in words.
export function latency(history, width, height) {
  const known = history.ms.filter((ms) => ms !== null);
  const top = scale(Math.max(...known, 1));
  const left = 34;
  const inner = width - left;
  const below = (ms) => height - 1 - (ms / top) * (height - 2);
  const lines = [0, top / 2, top].map((ms) =>
    svg("g", null,
      svg("line.grid", { x1: left, x2: width, y1: below(ms), y2: below(ms) }),
      svg("text", { x: left - 8, y: below(ms) + 3.5, "text-anchor": "end" }, `${ms}`)));
  const curve = svg("path.line", { d: path(history.ms, inner, height, top), transform: `translate(${left} 0)` });
  const median = history.median_ms === null ? null
    : svg("line.median", { x1: left, x2: width, y1: below(history.median_ms), y2: below(history.median_ms) });
  const dots = known.length === 1
    ? [svg("circle.dot", { cx: left + (history.ms.indexOf(known[0]) / Math.max(history.ms.length - 1, 1)) * inner, cy: below(known[0]), r: 2.5 })]
    : [];
  return svg("svg.latency", { viewBox: `0 -6 ${width} ${height + 12}`, role: "img", "aria-label": "Latency over time, in milliseconds" }, ...lines, median, curve, ...dots);
}

// The next round number above: 2, 4, 10, 20, 40, 100 …
function scale(most) {
  for (let unit = 1; ; unit *= 10) {
    for (const step of [2, 4, 10]) if (most <= step * unit) return step * unit;
  }
}
