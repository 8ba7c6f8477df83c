// Elements, texts and numbers. Data only ever becomes text: nothing here reads it as HTML.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

// el("li.quiet", {title: "…"}, "text", child)
export function el(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  return fill(document.createElement(tag), classes, attributes, children);
}

export function svg(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  return fill(document.createElementNS(SVG, tag), classes, attributes, children);
}

function fill(element, classes, attributes, children) {
  if (classes.length > 0) element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Changes a text only where it differs, so that a browser lays out nothing anew.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function put(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// A sentence begins with a capital, unless its first word is a name such as cluster03.
export const capital = (text) => (/^[a-z]+($|[^a-z0-9])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text);

const WHOLE = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const whole = (count) => WHOLE.format(count);
export const short = (count) => (count < 10000 ? WHOLE.format(count) : SHORT.format(count));
export const counted = (count, one) => `${whole(count)} ${one}${count === 1 ? "" : "s"}`;

// 4 s, 3 min, 2 h, 5 d
export function lasting(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const clock = (text) => CLOCK.format(new Date(text));

// What is to be typed: a text's first command between backticks, or all of a text that is a command.
export function commandOf(remedy) {
  const spans = remedy.split("`").filter((_, at) => at % 2 === 1);
  const isCommand = (text) => /^(sudo )?(mesh|docker|chmod|mv|rm) /.test(text);
  return spans.find(isCommand) ?? (spans.length === 0 && isCommand(remedy) ? remedy : null);
}

// A text with what stands between backticks as code.
export function withCode(text) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? el("code", null, part) : part));
}
