/** Swim lanes: a line of shapes for each device, by the arrival time of requests. */

import { h, reconcile, setText } from "./dom.js";
import { count, duration, exactTime, number, time } from "./format.js";
import { icon, KINDS, kindOf, outcomeOf } from "./kinds.js";

const MOST_LANES = 12;
const SERVICE = ""; // the lane of exchanges without a device: registration, tokens, configuration
const SIZE = 13; // px of a shape
const TICKS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];
const PROMINENT = new Set(["throttled", "error", "failure"]);
const PATHS = Object.fromEntries(Object.entries(KINDS).map(([kind, { shape }]) => [kind, new Path2D(shape)]));

export class Lanes {
  /** `choose(device)` filters the list by a device; `open(ids, id)` shows an exchange. */
  constructor({ container, axis, note, journal, clock, choose, open }) {
    Object.assign(this, { container, axis, note, journal, clock, choose, openExchange: open });
    this.span = 60;
    this.end = clock.wall();
    new ResizeObserver(() => this.draw()).observe(container);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Draws the last `span` seconds. */
  update() {
    this.end = this.clock.wall();
    this.draw();
  }

  draw() {
    const { lanes, jumps } = this.sorted();
    const shown = lanes.toSorted((a, b) => b.last - a.last).slice(0, MOST_LANES).sort((a, b) => a.order - b.order);
    this.marks = jumps;
    this.colours = coloursOf(this.container);
    reconcile(this.container, shown, (lane) => lane.device, () => this.lane());
    this.drawAxis(shown.length > 0);
    const rest = lanes.length - shown.length;
    setText(this.note, shown.length ? (rest ? `${count(rest, "device")} with older requests not shown.` : "") : "No exchanges in this period.");
  }

  /** Returns the exchanges of the period by device, and the times at which the clock was advanced. */
  sorted() {
    const lanes = new Map();
    const jumps = [];
    let offset = null;
    const { entries } = this.journal;
    const start = this.end - this.span;
    let first = entries.length;
    while (first > 0 && (entries[first - 1].gap || entries[first - 1].wall > start - 5)) first -= 1;
    const known = entries.slice(first).filter((entry) => !entry.gap);
    const readings = this.journal.readings.filter(({ wall }) => wall > start - 5);
    // An exchange is in the journal after its answer, so it may have arrived before a reading that came first.
    for (const exchange of [...known, ...readings].sort((a, b) => a.wall - b.wall)) {
      const ahead = exchange.at - exchange.wall * 1000;
      if (offset !== null && ahead - offset > 900) jumps.push({ wall: exchange.wall, by: ahead - offset });
      offset = ahead;
      if (!exchange.id || exchange.wall < start || exchange.wall > this.end) continue;
      const device = exchange.device ?? SERVICE;
      const lane = lanes.get(device) ?? { device, order: this.orderOf(device), exchanges: [] };
      lane.exchanges.push(exchange);
      lane.last = exchange.wall;
      lanes.set(device, lane);
    }
    return { lanes: [...lanes.values()], jumps };
  }

  /** Returns the position of a lane, which never changes: the service first, then devices by arrival. */
  orderOf(device) {
    if (this.generation !== this.journal.generation) {
      this.generation = this.journal.generation;
      this.orders = new Map([[SERVICE, 0]]);
    }
    if (!this.orders.has(device)) this.orders.set(device, this.orders.size);
    return this.orders.get(device);
  }

  lane() {
    const name = h("button", { class: "lane-name", type: "button" });
    const figures = h("span", { class: "lane-figures" });
    const canvas = h("canvas", { class: "lane-track", "aria-hidden": "true" });
    const element = h("li", { class: "lane" }, h("div", { class: "lane-head" }, name, figures), canvas);
    let hits = [];
    element.show = (lane) => {
      setText(name, lane.device === SERVICE ? "no device" : lane.device);
      name.title = lane.device === SERVICE ? "Registration, tokens and other calls for no device" : `Show only ${lane.device}`;
      name.onclick = () => this.choose(lane.device);
      this.showFigures(figures, lane.exchanges);
      hits = this.drawTrack(canvas, lane.exchanges);
    };
    const hit = (event) => nearest(hits, event.offsetX);
    canvas.addEventListener("pointermove", (event) => {
      const exchange = hit(event);
      canvas.title = exchange ? `#${exchange.id} ${exchange.endpoint}, ${outcomeOf(exchange)}, ${exactTime(exchange.at)}` : "";
      canvas.classList.toggle("hit", Boolean(exchange));
    });
    canvas.addEventListener("click", (event) => {
      const exchange = hit(event);
      if (exchange) this.openExchange(hits.map(({ exchange: one }) => one.id), exchange.id);
    });
    return element;
  }

  /** Shows the number of exchanges of each kind as text, for screen readers too: they cannot read the canvas. */
  showFigures(element, exchanges) {
    const tally = new Map();
    for (const exchange of exchanges) tally.set(kindOf(exchange), (tally.get(kindOf(exchange)) ?? 0) + 1);
    const known = Object.keys(KINDS).filter((kind) => tally.has(kind)).map((kind) => ({ kind, n: tally.get(kind) }));
    reconcile(element, known, ({ kind }) => kind, ({ kind }) => {
      const figure = h("span", {});
      const made = h("span", { class: `figure tone-${KINDS[kind].tone}`, title: KINDS[kind].label },
        icon(kind), h("span", { class: "unseen" }, `${KINDS[kind].label}: `), figure);
      made.show = ({ n }) => setText(figure, number(n));
      return made;
    });
  }

  drawTrack(canvas, exchanges) {
    const context = fitted(canvas);
    const { width, height } = canvas.getBoundingClientRect();
    this.drawGround(context, width, height);
    const hits = exchanges.map((exchange) => ({ exchange, kind: kindOf(exchange), x: this.xOf(exchange.wall, width) }));
    context.fillStyle = this.colours.bad;
    for (const { exchange, x } of hits) {
      if (this.journal.evidence.has(exchange.id)) context.fillRect(x - 4, height - 2.5, 8, 2.5);
    }
    // Prominent shapes are drawn last, so that no other shape covers them.
    for (const { kind, x } of distinct(hits).sort((a, b) => PROMINENT.has(a.kind) - PROMINENT.has(b.kind))) {
      const { tone } = KINDS[kind];
      context.fillStyle = this.colours[tone];
      if (PROMINENT.has(kind)) context.fillRect(x - 0.75, 0, 1.5, height);
      context.save();
      context.translate(x - SIZE / 2, (height - SIZE) / 2);
      context.scale(SIZE / 16, SIZE / 16);
      if (PROMINENT.has(kind)) {
        context.strokeStyle = this.colours.ground;
        context.lineWidth = 4;
        context.stroke(PATHS[kind]);
      }
      context.fill(PATHS[kind], "evenodd");
      context.restore();
    }
    return hits;
  }

  drawGround(context, width, height) {
    context.clearRect(0, 0, width, height);
    context.fillStyle = this.colours.line;
    for (const { x } of this.ticks(width)) context.fillRect(Math.round(x), 0, 1, height);
    context.fillStyle = this.colours.ink;
    for (const { wall } of this.marks) {
      for (let y = 0; y < height; y += 6) context.fillRect(Math.round(this.xOf(wall, width)) - 4, y, 1.5, 3);
    }
  }

  xOf(wall, width) {
    return ((wall - this.end + this.span) / this.span) * (width - SIZE) + SIZE / 2;
  }

  ticks(width) {
    const step = TICKS.find((seconds) => (seconds / this.span) * width >= 80) ?? TICKS.at(-1);
    // Round times of the space, not of the monotonic clock.
    const ahead = this.clock.now() / 1000 - this.clock.wall();
    const first = Math.ceil((this.end - this.span + ahead) / step) * step - ahead;
    const walls = Array.from({ length: Math.floor((this.end - first) / step) + 1 }, (_, index) => first + index * step);
    return walls.map((wall) => ({ wall, x: this.xOf(wall, width) }));
  }

  /** Draws the axis: times of the space, and the advances of its clock. */
  drawAxis(shown) {
    const { width } = this.axis.getBoundingClientRect();
    const labels = shown
      ? [
          ...this.ticks(width).filter(({ x }) => x > 28 && x < width - 28).map(({ wall, x }) => ({ x, text: time(Math.round(this.atOf(wall) / 1000) * 1000), kind: "tick" })),
          ...this.marks.filter(({ wall }) => wall > this.end - this.span).map(({ wall, by }) => ({ x: Math.min(Math.max(this.xOf(wall, width), 40), width - 40), text: `clock +${duration(by)}`, kind: "jump" })),
        ]
      : [];
    reconcile(this.axis, labels, ({ kind, text }) => kind + text, ({ kind }) => {
      const label = h("span", { class: kind });
      label.show = ({ x, text }) => {
        label.style.left = `${x}px`;
        setText(label, text);
      };
      return label;
    });
  }

  /** Returns the time of the space at a time of the monotonic clock. */
  atOf(wall) {
    const later = this.marks.filter((jump) => jump.wall > wall).reduce((sum, { by }) => sum + by, 0);
    return this.clock.now() - (this.clock.wall() - wall) * 1000 - later;
  }
}

/** Returns the hits without those that would cover another one of their kind. */
function distinct(hits) {
  const drawn = new Map();
  return hits.filter(({ kind, x }) => {
    if (x - (drawn.get(kind) ?? -Infinity) < 1) return false;
    drawn.set(kind, x);
    return true;
  });
}

/** Returns the context of a canvas, resized to the pixels of the screen. */
function fitted(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function coloursOf(element) {
  const style = getComputedStyle(element);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  const tones = Object.values(KINDS).map(({ tone }) => [tone, named(tone)]);
  return { ...Object.fromEntries(tones), ink: named("ink"), line: named("line"), ground: named("card") };
}

function nearest(hits, x) {
  const near = hits.filter((hit) => Math.abs(hit.x - x) <= SIZE);
  return near.sort((a, b) => Math.abs(a.x - x) - Math.abs(b.x - x))[0]?.exchange ?? null;
}
