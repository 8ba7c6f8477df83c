// The top: which mesh this is, how it is in numbers, how old that is, and what is wrong, each with what to type.

import { byId, capital, commandOf, counted, el, lasting, say, short, withCode } from "./dom.js";

let received = 0;
let shown = "";

export function showLook(look) {
  received = performance.now();
  const { mesh } = look;
  const words = mesh ? [mesh.name, `Elasticsearch ${mesh.stack_version}`, `on ${mesh.host}`].filter(Boolean) : [];
  say(byId("which"), words.join(" · "));
  byId("facts").replaceChildren(...(mesh ? facts(mesh) : []));
  const indices = byId("indices");
  if (mesh) indices.placeholder = mesh.searched;
  const state = look.trouble ? "blind" : mesh?.problems > 0 ? "broken" : mesh?.warnings > 0 ? "warned" : "well";
  document.body.dataset.state = state;
  const wrong = (mesh?.problems ?? 0) + (look.trouble ? 1 : 0);
  document.title = `${wrong > 0 ? `(${wrong}) ` : ""}mesh${mesh?.name ? ` ${mesh.name}` : ""}`;
  icon(state);
  tick(look);
}

function facts(mesh) {
  const fact = (name, value, of) => {
    const lacks = of !== undefined && value !== of;
    return el(lacks ? "div.lacks" : "div", null,
      el("dt", null, name),
      el("dd", null, short(value), of === undefined ? null : el("span", null, ` / ${short(of)}`)));
  };
  return [
    fact("clusters", mesh.serving, mesh.clusters),
    fact("links", mesh.links_up, mesh.links),
    fact("documents", mesh.documents),
  ];
}

// The age of what is shown grows every second, whatever comes or does not.
export function tick(look) {
  if (!look) return;
  const age = look.age_ms + (performance.now() - received);
  const line = look.at === null ? "not seen yet" : `looked ${lasting(age)} ago`;
  const late = look.at !== null && age > 3 * (look.next_ms + look.took_ms);
  document.body.classList.toggle("late", late || look.trouble !== null);
  say(byId("age-text"), look.at_work ? `${line} · ${look.at_work} is at work` : line);
  byId("age").title = `a look took ${(look.took_ms / 1000).toFixed(1)} s, the next one follows ${lasting(look.next_ms)} after it`;
}

// A square in the color of the state, as the tab's picture.
function icon(state) {
  const color = { well: "#2f8f83", warned: "#c98a1b", broken: "#d1453b", blind: "#8b8f98" }[state];
  const dot = state === "broken" || state === "blind" ? '<path d="M5 5l6 6M11 5l-6 6" stroke="#fff" stroke-width="2"/>' : "";
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${color}"/>${dot}</svg>`;
  byId("icon").href = `data:image/svg+xml,${encodeURIComponent(picture)}`;
}

export function showProblems(problems, look) {
  const list = byId("problems");
  const trouble = look?.trouble ? [{ level: "problem", text: look.trouble.message, remedy: look.trouble.remedy ?? "", about: [] }] : [];
  const all = [...trouble, ...problems];
  say(byId("verdict-title"), verdict(all, look));
  // what is the same stays, with the focus that is in it
  const key = JSON.stringify(all);
  if (key === shown) return;
  shown = key;
  list.replaceChildren(...all.map(item));
}

function verdict(all, look) {
  const of = (level) => all.filter((problem) => problem.level === level).length;
  if (look?.trouble) return look.trouble.no_mesh ? "There is no mesh to show" : "The mesh cannot be seen";
  if (!look?.mesh) return "Looking at the mesh";
  if (of("problem") > 0) return `${counted(of("problem"), "problem")}${of("warning") > 0 ? ` and ${counted(of("warning"), "warning")}` : ""}`;
  if (of("warning") > 0) return `The mesh serves, with ${counted(of("warning"), "warning")}`;
  const { clusters, links } = look.mesh;
  return links > 0 ? `All is well: ${counted(clusters, "cluster")} and ${counted(links, "link")} are up` : "All is well";
}

function item(problem) {
  const command = commandOf(problem.remedy);
  // what says no more than the command beside it is left out
  const more = command === null || problem.remedy.split("`").length > 3 || !problem.remedy.startsWith("`");
  const words = more && problem.remedy !== command && problem.remedy !== "" ? withCode(problem.remedy) : [];
  return el(`li.${problem.level}`, null,
    el("span.sign", { "aria-hidden": "true" }, problem.level === "problem" ? "✗" : "!"),
    el("div.words", null,
      el("p", null, el("span.unseen", null, `${problem.level}: `), capital(problem.text)),
      words.length > 0 ? el("p.remedy", null, ...words) : null),
    command === null ? null : copyable(command));
}

export function copyable(command) {
  const button = el("button.copy", { type: "button", "aria-label": `Copy ${command}`, click: copy }, "copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(command);
      button.textContent = "copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button.previousElementSibling);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = "selected";
    }
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  }
  return el("span.command", null, el("code", null, command), button);
}

export function showLost(words) {
  const lost = byId("lost");
  lost.hidden = words === null;
  document.body.classList.toggle("lost", words !== null);
  if (words !== null) {
    say(lost, words);
    if (!document.title.startsWith("(!)")) document.title = `(!) ${document.title}`;
  } else {
    document.title = document.title.replace("(!) ", "");
  }
}
