/** The composition of the dashboard. */

import * as access from "./access.js";
import { address, call, get, pageOf, Refused, space } from "./api.js";
import { attempt, confirmed, notify } from "./feedback.js";
import { Behaviours } from "./behaviours.js";
import { Buckets } from "./buckets.js";
import { Clock } from "./clock.js";
import { Detail } from "./detail.js";
import { h, reconcile, setText } from "./dom.js";
import { FIELD_NAMES, parse, term, unknownFields } from "./filter.js";
import { Findings } from "./findings.js";
import { number } from "./format.js";
import { Journal } from "./journal.js";
import { icon, KINDS } from "./kinds.js";
import { Lanes } from "./lanes.js";
import { List } from "./list.js";
import { download } from "./download.js";
import { fromUrl, keep } from "./page_url.js";
import { Sessions } from "./sessions.js";
import { follow } from "./stream.js";
import { tabs } from "./tabs.js";
import { Time } from "./time.js";

const DRAW_EVERY = 100; // ms
const LANES_EVERY = 400; // ms: lanes are slower to draw than the list
const REFRESH_EVERY = 2000; // ms
const READ_CLOCK_EVERY = 30_000; // ms
const WITH_BADGES = ["findings", "sessions", "behaviours"];
const STATES = { connecting: "Connecting…", live: "Live", paused: "Paused", lost: "Connection lost, reconnecting…" };

const byId = (id) => document.getElementById(id);
const journal = new Journal();
const clock = new Clock();
const detail = new Detail({ dialog: byId("detail"), journal, filter: (text) => setFilter(text) });
const open = (ids, id) => detail.open(ids, id);
const list = new List({ grid: byId("grid"), rows: byId("rows"), newest: byId("newest"), journal, open });
const lanes = new Lanes({
  container: byId("lanes"), axis: byId("axis"), note: byId("lanes-note"), journal, clock, open,
  choose: (device) => setFilter(device ? term("device", device) : "-device:?*"),
});
const byField = (field, value) => setFilter(term(field, value));
const panels = {
  findings: new Findings({ panel: byId("findings"), badge: byId("findings-badge"), open, list: (ids) => setFilter(`id:${ids.join(",")}`) }),
  sessions: new Sessions({ panel: byId("sessions"), badge: byId("sessions-badge"), filter: byField }),
  behaviours: new Behaviours({ panel: byId("behaviours"), badge: byId("behaviours-badge"), filter: byField }),
  buckets: new Buckets({ panel: byId("buckets"), filter: byField }),
  time: new Time({ panel: byId("time"), header: byId("now"), clock }),
};
const problems = Object.fromEntries(Object.keys(panels).map((name) => [name, h("p", { class: "problem", role: "alert" })]));
let activePanel = "findings";
let paused = false;
let connection = "connecting";
let lossReason = "";
let due = false;
let lanesDrawn = -Infinity;

function setFilter(text) {
  byId("filter").value = text;
  applyFilter();
  byId("exchanges-title").scrollIntoView({ block: "nearest" });
}

function applyFilter() {
  const text = byId("filter").value;
  const unknown = unknownFields(text).map((name) => `“${name}”`).join(", ");
  setText(byId("filter-note"), unknown && `There is no field ${unknown}, so the filter searches for the text. Fields: ${FIELD_NAMES.join(", ")}.`);
  keep({ filter: text.trim() });
  list.filter(parse(text));
  scheduleDraw();
}

function scheduleDraw() {
  if (due || paused) return;
  due = true;
  setTimeout(() => requestAnimationFrame(() => {
    due = false;
    draw();
  }), DRAW_EVERY);
}

function draw() {
  list.update();
  if (performance.now() - lanesDrawn >= LANES_EVERY) drawLanes();
  const all = journal.entries.length;
  const shown = list.shown.length;
  setText(byId("count"), shown === all ? number(all) : `${number(shown)} of ${number(all)}`);
  byId("empty").hidden = shown > 0;
  setText(byId("empty"), all ? "No exchange matches the filter." : `No exchanges yet. Configure ${address} in your service as the base URL of Adobe Pass.`);
}

function drawLanes() {
  lanesDrawn = performance.now();
  lanes.update();
}

function showState() {
  const word = connection === "live" && paused ? "paused" : connection;
  byId("state").dataset.state = word;
  setText(byId("state"), lossReason && word === "lost" ? `${STATES.lost} ${lossReason}` : STATES[word]);
}

function onEvent(kind, data) {
  if (kind === "exchange") journal.add(data);
  else if (kind === "finding") journal.addFinding(data);
  else if (kind === "clock") {
    clock.take(data);
    journal.addReading(data);
    panels.time.tick();
  } else if (kind === "missed") journal.addGap(data.exchanges);
  else if (kind === "reset") {
    journal.empty();
    refreshPanels(...Object.keys(panels));
  }
}

/**
 * Refreshes panels from the mock, or shows the error in the panel. Hides the tab of a panel whose control call does not
 * exist (in a proxy); connection errors show in the state of the connection.
 */
async function refreshPanels(...which) {
  for (const name of which) {
    try {
      await panels[name].refresh();
      setText(problems[name], "");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 404) byId(`tab-${name}`).hidden = true;
      else if (error.status) setText(problems[name], error.message);
    }
  }
}

/** Refreshes the active panel regularly, and in turn one of the others for the badge of its tab. */
async function refreshPeriodically() {
  for (let turn = 0; ; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, REFRESH_EVERY));
    const others = WITH_BADGES.filter((name) => name !== activePanel && !byId(`tab-${name}`).hidden);
    const other = others.length ? [others[turn % others.length]] : [];
    if (!document.hidden && connection === "live" && !paused) await refreshPanels(activePanel, ...other);
  }
}

async function showSpaces() {
  const { spaces } = await get("/spaces");
  reconcile(byId("spaces"), spaces, (name) => name, () => {
    const option = h("option", {});
    option.show = (name) => (option.value = name);
    return option;
  });
}

function prepareHead() {
  document.title = `${space} · Pass Harness`;
  byId("space").value = space;
  byId("space-form").addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(pageOf(byId("space").value.trim() || "default"));
  });
  byId("space").addEventListener("focus", () => attempt(byId("head-problem"), showSpaces));
  byId("pause").addEventListener("click", () => {
    paused = !paused;
    byId("pause").setAttribute("aria-pressed", paused);
    showState();
    if (!paused) draw();
  });
  byId("reset").addEventListener("click", async () => {
    if (!(await confirmed(`Reset the space ${space}?`, "This deletes its state, behaviours, journal and findings, and resets its clock.", "Reset"))) return;
    await attempt(byId("head-problem"), async () => {
      await call("POST", "/reset");
      await refreshPanels("time");
      notify(`The space ${space} is reset.`);
    });
  });
  byId("forget").addEventListener("click", access.forget);
}

function prepareViews() {
  byId("filter").addEventListener("input", applyFilter);
  byId("clear").addEventListener("click", () => setFilter(""));
  byId("save").addEventListener("click", () => attempt(byId("head-problem"), () => download("/exchanges.har", `${space}.har`)));
  byId("span").addEventListener("change", (event) => {
    lanes.span = Number(event.target.value);
    lanes.draw();
  });
  byId("legend").append(...Object.entries(KINDS).map(([kind, { label }]) => h("li", {}, icon(kind), label)),
    h("li", {}, "Line below a shape: evidence of a finding"), h("li", {}, "Dotted line: the clock was advanced"));
  for (const [name, problem] of Object.entries(problems)) byId(name).prepend(problem);
  byId("filter").value = fromUrl("filter");
  tabs(byId("tabs"), (name) => {
    activePanel = name;
    refreshPanels(name);
  });
  journal.onChange(scheduleDraw);
}

/** Shows errors of the page itself, which would be in the console only. */
function prepareErrors() {
  const show = (error) => setText(byId("head-problem"), `Error of this page: ${error?.message ?? error}`);
  addEventListener("error", ({ error }) => error && show(error)); // without one, it is a notice of the browser
  addEventListener("unhandledrejection", ({ reason }) => show(reason));
}

prepareErrors();
prepareHead();
prepareViews();
applyFilter();
const linked = Number(fromUrl("exchange"));
if (linked) detail.open([linked], linked);
showState();
setInterval(() => {
  panels.time.tick();
  if (!paused && !document.hidden && connection === "live") drawLanes();
}, 1000);
setInterval(() => !document.hidden && connection === "live" && refreshPanels("time"), READ_CLOCK_EVERY);
refreshPeriodically();
follow({
  onEvent,
  last: () => journal.last,
  forget: () => journal.empty(),
  state: (word, reason = "") => {
    if (word === "live" && connection !== "live") {
      byId("forget").hidden = access.token() === null;
      refreshPanels(...Object.keys(panels));
      scheduleDraw();
    }
    connection = word;
    lossReason = reason;
    showState();
  },
});
