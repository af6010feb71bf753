/** Where the dashboard is put together. */

import * as access from "./access.js";
import { address, call, get, pageOf, Refused, space } from "./api.js";
import { attempt, confirmed, tell } from "./asking.js";
import { Behaviours } from "./behaviours.js";
import { Buckets } from "./buckets.js";
import { Clock } from "./clock.js";
import { Detail } from "./detail.js";
import { h, reconcile, say } from "./dom.js";
import { parse, term } from "./filter.js";
import { Findings } from "./findings.js";
import { number } from "./format.js";
import { Journal } from "./journal.js";
import { icon, KINDS } from "./kinds.js";
import { Lanes } from "./lanes.js";
import { List } from "./list.js";
import { save } from "./saving.js";
import { Sessions } from "./sessions.js";
import { follow } from "./stream.js";
import { tabs } from "./tabs.js";
import { Time } from "./time.js";

const DRAW_EVERY = 100; // ms
const LANES_EVERY = 400; // ms: they cost more to draw than the list
const LOOK_EVERY = 2000; // ms
const READ_CLOCK_EVERY = 30_000; // ms
const WITH_BADGES = ["findings", "sessions", "behaviours"];
const STATES = { connecting: "Connecting…", live: "Live", paused: "Paused", lost: "Connection lost, trying again…" };

const part = (id) => document.getElementById(id);
const journal = new Journal();
const clock = new Clock();
const detail = new Detail({ dialog: part("detail"), journal });
const open = (ids, id) => detail.open(ids, id);
const list = new List({ grid: part("grid"), rows: part("rows"), newest: part("newest"), journal, open });
const lanes = new Lanes({
  container: part("lanes"), axis: part("axis"), note: part("lanes-note"), journal, clock, open,
  choose: (device) => narrow(device ? term("device", device) : "-device:?*"),
});
const byField = (field, value) => narrow(term(field, value));
const panels = {
  findings: new Findings({ panel: part("findings"), badge: part("findings-badge"), open, list: (ids) => narrow(`id:${ids.join(",")}`) }),
  sessions: new Sessions({ panel: part("sessions"), badge: part("sessions-badge"), filter: byField }),
  behaviours: new Behaviours({ panel: part("behaviours"), badge: part("behaviours-badge"), filter: byField }),
  buckets: new Buckets({ panel: part("buckets"), filter: byField }),
  time: new Time({ panel: part("time"), header: part("now"), clock }),
};
let up = "findings";
let paused = false;
let connection = "connecting";
let why = "";
let due = false;
let lanesDrawn = -Infinity;

function narrow(text) {
  part("filter").value = text;
  filtered();
  part("exchanges-title").scrollIntoView({ block: "nearest" });
}

function filtered() {
  list.filter(parse(part("filter").value));
  drawSoon();
}

function drawSoon() {
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
  say(part("count"), shown === all ? number(all) : `${number(shown)} of ${number(all)}`);
  part("empty").hidden = shown > 0;
  say(part("empty"), all ? "No exchange fits the filter." : `Nothing yet. Give your service ${address} in the place of Adobe’s address.`);
}

function drawLanes() {
  lanesDrawn = performance.now();
  lanes.update();
}

function showState() {
  const word = connection === "live" && paused ? "paused" : connection;
  part("state").dataset.state = word;
  say(part("state"), why && word === "lost" ? `${STATES.lost} ${why}` : STATES[word]);
}

function told(kind, data) {
  if (kind === "exchange") journal.add(data);
  else if (kind === "finding") journal.addFinding(data);
  else if (kind === "missed") journal.addGap(data.exchanges);
  else if (kind === "reset") {
    journal.empty();
    look(...Object.keys(panels));
  }
}

/**
 * Asks the mock for what panels show. That it cannot be reached, the state of the connection tells; what a proxy has
 * not, has no tab.
 */
async function look(...which) {
  for (const name of which) {
    try {
      await panels[name].refresh();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 404) part(`tab-${name}`).hidden = true;
    }
  }
}

/** At the panel that is up, and at one of the others in turn, for what its tab tells. */
async function lookNowAndThen() {
  for (let turn = 0; ; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    const others = WITH_BADGES.filter((name) => name !== up && !part(`tab-${name}`).hidden);
    const other = others.length ? [others[turn % others.length]] : [];
    if (!document.hidden && connection === "live" && !paused) await look(up, ...other);
  }
}

async function showSpaces() {
  const { spaces } = await get("/spaces");
  reconcile(part("spaces"), spaces, (name) => name, () => {
    const option = h("option", {});
    option.show = (name) => (option.value = name);
    return option;
  });
}

function prepareHead() {
  document.title = `${space} · Pass Harness`;
  part("space").value = space;
  part("space-form").addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(pageOf(part("space").value.trim() || "default"));
  });
  part("space").addEventListener("focus", () => attempt(part("head-problem"), showSpaces));
  part("pause").addEventListener("click", () => {
    paused = !paused;
    part("pause").setAttribute("aria-pressed", paused);
    showState();
    if (!paused) draw();
  });
  part("reset").addEventListener("click", async () => {
    if (!(await confirmed(`Reset the space ${space}?`, "State, behaviours, clock, journal and findings go back to the beginning.", "Reset"))) return;
    await attempt(part("head-problem"), async () => {
      await call("POST", "/reset");
      await look("time");
      tell(`The space ${space} is reset.`);
    });
  });
  part("forget").addEventListener("click", access.forget);
}

function prepareViews() {
  part("filter").addEventListener("input", filtered);
  part("clear").addEventListener("click", () => narrow(""));
  part("save").addEventListener("click", () => attempt(part("head-problem"), () => save("/exchanges.har", `${space}.har`)));
  part("span").addEventListener("change", (event) => {
    lanes.span = Number(event.target.value);
    lanes.draw();
  });
  part("legend").append(...Object.entries(KINDS).map(([kind, { label }]) => h("li", {}, icon(kind), label)),
    h("li", {}, "A line below a shape: evidence of a finding"), h("li", {}, "A dotted line: the clock was advanced"));
  tabs(part("tabs"), (name) => {
    up = name;
    look(name);
  });
  journal.onChange(drawSoon);
}

prepareHead();
prepareViews();
showState();
setInterval(() => {
  panels.time.tick();
  if (!paused && !document.hidden && connection === "live") drawLanes();
}, 1000);
setInterval(() => !document.hidden && connection === "live" && look("time"), READ_CLOCK_EVERY);
lookNowAndThen();
follow({
  told,
  last: () => journal.last,
  forget: () => journal.empty(),
  state: (word, reason = "") => {
    if (word === "live" && connection !== "live") {
      part("forget").hidden = access.token() === null;
      look(...Object.keys(panels));
      drawSoon();
    }
    connection = word;
    why = reason;
    showState();
  },
});
