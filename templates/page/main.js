// The page's life: it listens to its server, and hands each document to the part that shows it.

import { byId } from "./dom.js";
import { showLook, showProblems, showLost, tick } from "./head.js";
import { showLinks } from "./matrix.js";
import { showLinkOf, refreshLink } from "./link.js";
import { showClusters, loadHistory } from "./clusters.js";
import { begin as beginSearch } from "./search.js";
import { showChanges } from "./changes.js";

// The state of the page: the newest of each document.
const mesh = { look: null, problems: [], links: null, status: null };

const RETRY = 2000;

const show = {
  look(document) {
    // another run may have another page
    if (mesh.look && mesh.look.run !== document.run) return location.reload();
    mesh.look = document;
    showLook(document);
    showProblems(mesh.problems, document);
  },
  problems(document) {
    mesh.problems = document ?? [];
    showProblems(mesh.problems, mesh.look);
  },
  links(document) {
    mesh.links = document;
    showLinks(mesh, showLinkOf);
    refreshLink(mesh);
  },
  status(document) {
    mesh.status = document;
    showClusters(mesh);
    refreshLink(mesh);
  },
  change: showChanges,
};

function listen() {
  const events = new EventSource("/events");
  for (const [name, take] of Object.entries(show)) {
    events.addEventListener(name, (event) => {
      const begun = performance.now();
      take(JSON.parse(event.data));
      performance.measure(`mesh:${name}`, { start: begun });
    });
  }
  events.onopen = () => {
    showLost(null);
    loadHistory(mesh);
  };
  events.onerror = async () => {
    showLost("The connection to mesh serve is lost. This page tries again by itself.");
    // the browser tries again by itself, unless it was refused
    if (events.readyState !== EventSource.CLOSED) return;
    setTimeout(listen, RETRY);
    const answer = await fetch("/api/problems").catch(() => null);
    if (answer?.status === 401) {
      showLost("This page’s token is of another run: open the address that mesh serve printed.");
    } else if (answer) {
      showLost("Too many browsers show this page. It tries again by itself.");
    }
  };
}

beginSearch(mesh);
listen();
setInterval(() => tick(mesh.look), 1000);
byId("as-text").addEventListener("toggle", () => mesh.links && showLinks(mesh, showLinkOf));
