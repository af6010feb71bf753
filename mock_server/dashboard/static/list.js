/**
 * The list of exchanges. Only visible rows are elements (virtual scrolling). The list follows the newest exchange until
 * the user scrolls up. The keyboard moves an active row, because rows are reused and cannot keep the focus.
 */

import { h, setText } from "./dom.js";
import { count, exactTime, number, durationText } from "./format.js";
import { icon, KINDS, kindOf, outcomeOf } from "./kinds.js";

const OVERSCAN = 6; // rows above and below the visible ones
const NEAR = 4; // px from the end within which the list follows the newest exchange

export class List {
  /** `open(ids, id)` shows an exchange; `ids` are all exchanges in the list. */
  constructor({ grid, rows, newest, journal, open }) {
    Object.assign(this, { grid, rows, newest, journal, openExchange: open });
    this.matches = () => true;
    this.shown = [];
    this.position = { generation: -1, next: 0 };
    this.active = null;
    this.following = true;
    this.unseen = 0;
    grid.addEventListener("scroll", () => this.scrolled());
    grid.addEventListener("keydown", (event) => this.key(event));
    grid.addEventListener("click", (event) => this.clicked(event));
    newest.addEventListener("click", () => this.toNewest());
    new ResizeObserver(() => this.draw()).observe(grid);
  }

  /** Shows only exchanges for which `matches(exchange, rules)` is true. */
  filter(matches) {
    this.matches = matches;
    this.position = { generation: -1, next: 0 };
    this.following = true;
    this.update();
  }

  /** Adds the new entries of the journal. */
  update() {
    const { journal, position } = this;
    if (position.generation !== journal.generation) {
      Object.assign(this, { shown: [], active: null, unseen: 0, position: { generation: journal.generation, next: journal.removed } });
    }
    const fresh = journal.entries.slice(Math.max(this.position.next - journal.removed, 0)).filter((entry) => this.takes(entry));
    this.position.next = journal.removed + journal.entries.length;
    this.shown.push(...fresh);
    const oldest = journal.entries[0];
    const gone = oldest?.id ? this.shown.findIndex((entry) => entry.id >= oldest.id) : 0;
    if (gone > 0) {
      this.shown.splice(0, gone);
      if (!this.following) this.grid.scrollTop -= gone * this.rowHeight;
    }
    if (!this.following) this.unseen += fresh.length;
    this.draw();
  }

  takes(entry) {
    return entry.gap ? true : this.matches(entry, this.journal.evidence.get(entry.id));
  }

  get rowHeight() {
    return parseFloat(getComputedStyle(this.grid).getPropertyValue("--row"));
  }

  get ids() {
    return this.shown.flatMap((entry) => (entry.id ? [entry.id] : []));
  }

  toNewest() {
    this.following = true;
    this.draw();
    this.grid.focus();
  }

  scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.grid;
    this.following = scrollTop + clientHeight >= scrollHeight - NEAR;
    this.draw();
  }

  draw() {
    const { grid, rows, shown } = this;
    const height = this.rowHeight;
    if (!grid.clientHeight || !height) return;
    if (this.following) this.unseen = 0;
    const rowCount = Math.ceil(grid.clientHeight / height) + 2 * OVERSCAN;
    const top = this.following ? shown.length : Math.floor(grid.scrollTop / height) - OVERSCAN;
    const first = Math.max(Math.min(top, shown.length - rowCount), 0);
    const last = Math.min(first + rowCount, shown.length);
    while (rows.children.length > last - first) rows.lastElementChild.remove();
    while (rows.children.length < last - first) rows.append(new Row().element);
    for (let index = first; index < last; index += 1) {
      const entry = shown[index];
      rows.children[index - first].row.show(entry, index, entry === this.active, this.journal.evidence.get(entry.id));
    }
    rows.style.paddingTop = `${first * height}px`;
    rows.style.paddingBottom = `${(shown.length - last) * height}px`;
    grid.setAttribute("aria-rowcount", shown.length + 1);
    if (this.active && shown.indexOf(this.active, first) < last && shown.indexOf(this.active, first) >= 0) {
      grid.setAttribute("aria-activedescendant", `row-${this.active.id}`);
    } else grid.removeAttribute("aria-activedescendant");
    if (this.following) grid.scrollTop = grid.scrollHeight;
    this.newest.hidden = this.following;
    setText(this.newest, this.unseen ? `${count(this.unseen, "newer exchange")} ↓` : "Go to the newest ↓");
  }

  key(event) {
    const page = Math.max(Math.floor(this.grid.clientHeight / this.rowHeight) - 2, 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) this.move(steps[event.key]);
    else if ((event.key === "Enter" || event.key === " ") && this.active) this.openExchange(this.ids, this.active.id);
    else return;
    event.preventDefault();
  }

  move(step) {
    const { shown } = this;
    if (!shown.length) return;
    const within = (index) => Math.min(Math.max(index, 0), shown.length - 1);
    const at = this.active ? shown.indexOf(this.active) : shown.length;
    let next = within(at + step);
    if (!shown[next].id) next = within(next + Math.sign(step)); // skip a gap
    if (shown[next].id) this.activate(next);
  }

  activate(index) {
    const { grid, rowHeight } = this;
    this.active = this.shown[index];
    const head = grid.firstElementChild.offsetHeight;
    const top = index * rowHeight;
    if (top < grid.scrollTop) grid.scrollTop = top;
    else if (top + rowHeight + head > grid.scrollTop + grid.clientHeight) {
      grid.scrollTop = top + rowHeight + head - grid.clientHeight;
    }
    this.scrolled();
  }

  clicked(event) {
    const entry = event.target.closest("[role=row]")?.row?.entry;
    if (!entry?.id) return;
    this.active = entry;
    this.draw();
    this.openExchange(this.ids, entry.id);
  }
}

/** One reusable row. */
class Row {
  constructor() {
    const cell = (name) => h("span", { role: "gridcell", class: name });
    this.cells = { id: cell("id"), time: cell("time"), endpoint: cell("endpoint"), device: cell("device"), mvpd: cell("mvpd"), outcome: cell("outcome"), took: cell("took") };
    this.element = h("div", { role: "row", class: "row" }, Object.values(this.cells));
    this.element.row = this;
  }

  show(entry, index, active, rules) {
    const { element } = this;
    element.setAttribute("aria-rowindex", index + 2);
    element.classList.toggle("active", active);
    const flags = rules?.length ?? 0;
    if (this.entry === entry && this.flags === flags) return;
    Object.assign(this, { entry, flags });
    if (entry.id) this.showExchange(entry, flags);
    else this.showGap(entry);
  }

  showExchange(exchange, flags) {
    const { cells, element } = this;
    const kind = kindOf(exchange);
    element.id = `row-${exchange.id}`;
    element.className = `row tone-${KINDS[kind].tone}${element.classList.contains("active") ? " active" : ""}`;
    setText(cells.id, `#${exchange.id}`);
    setText(cells.time, exactTime(exchange.at));
    cells.endpoint.replaceChildren(icon(kind), h("span", {}, exchange.endpoint || `${exchange.method} ${exchange.path}`));
    setText(cells.device, exchange.device ?? "");
    setText(cells.mvpd, exchange.mvpd ?? "");
    cells.outcome.replaceChildren(h("span", { class: "status" }, outcomeOf(exchange)));
    if (exchange.behaviours.length) cells.outcome.append(h("span", { class: "mark", title: `Behaviours: ${exchange.behaviours.join(", ")}` }, exchange.behaviours[0]));
    if (exchange.replay_of) cells.outcome.append(h("span", { class: "mark", title: `Replay of #${exchange.replay_of}: rules ignore it` }, "replay"));
    if (flags) cells.outcome.append(h("span", { class: "mark flag", title: count(flags, "rule") + " violated" }, `⚑ ${flags}`));
    setText(cells.took, durationText(exchange.duration_ms));
  }

  showGap({ gap }) {
    const { cells, element } = this;
    element.removeAttribute("id");
    element.className = "row gap";
    for (const cell of Object.values(cells)) setText(cell, "");
    setText(cells.endpoint, `${number(gap)} ${gap === 1 ? "exchange is" : "exchanges are"} missing here: the page was too slow, or the journal no longer has them`);
  }
}
