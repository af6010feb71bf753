/** The panel of behaviours: a list with hits and switches, and forms to add more. */

import { call, get, Refused } from "./api.js";
import { attempt, notify } from "./feedback.js";
import { h, reconcile, setText } from "./dom.js";
import { count, number } from "./format.js";

const EXAMPLE = '{\n  "match": {"endpoint": "profiles.code"},\n  "effect": {"status": 503},\n  "times": 3\n}';
const LIFETIME = ["times", "for", "after", "probability", "seed"];

export class Behaviours {
  constructor({ panel, badge, filter }) {
    Object.assign(this, { badge, filter, presets: null });
    this.summary = h("p", { class: "panel-summary" });
    this.problem = h("p", { class: "problem", role: "alert" });
    this.list = h("ul", { class: "cards" });
    panel.append(h("h2", {}, "Behaviours"), this.summary, this.problem, this.list, this.presetForm(), this.jsonForm());
  }

  async refresh() {
    if (!this.presets) this.showPresets(await get("/presets"));
    const { behaviours } = await get("/behaviours");
    const acting = behaviours.filter(({ enabled, over }) => enabled && !over).length;
    setText(this.badge, acting ? number(acting) : "");
    setText(this.summary, behaviours.length ? `${count(behaviours.length, "behaviour")}, ${number(acting)} in effect. If several match a request, the last one wins.` : "No behaviours: the mock simulates Adobe Pass without faults.");
    reconcile(this.list, behaviours, ({ id }) => id, () => this.card());
  }

  card() {
    const id = h("button", { type: "button", class: "code-name", title: "Show its exchanges in the list" });
    const state = h("span", {});
    const hits = h("span", { class: "soft" });
    const effect = h("p", { class: "effect" });
    const details = h("p", { class: "soft" });
    const missed = h("p", { class: "soft" });
    const box = h("input", { type: "checkbox", role: "switch" });
    const name = h("span", { class: "unseen" });
    const remove = h("button", { type: "button", class: "quiet" });
    const element = h("li", { class: "card" },
      h("div", { class: "card-head" }, id, state, hits), effect, details, missed,
      h("div", { class: "card-foot" }, h("label", { class: "switch" }, box, "Enabled", name), remove));
    element.show = (behaviour) => {
      setText(id, behaviour.id);
      id.onclick = () => this.filter("behaviour", behaviour.id);
      setText(state, behaviour.over ? "over" : behaviour.enabled ? "on" : "off");
      state.className = `badge tone-${behaviour.over || !behaviour.enabled ? "quiet" : "good"}`;
      setText(hits, count(behaviour.hits, "hit"));
      setText(effect, effectOf(behaviour));
      setText(details, detailsOf(behaviour));
      setText(missed, missedOf(behaviour));
      missed.hidden = !behaviour.near_miss;
      setText(name, ` (${behaviour.id})`);
      if (document.activeElement !== box) box.checked = behaviour.enabled;
      box.onchange = () => this.change("PUT", behaviour.id, { enabled: box.checked }, `${behaviour.id} is ${box.checked ? "enabled" : "disabled"}.`);
      if (!remove.children.length) remove.append("Remove", h("span", { class: "unseen" }, ` ${behaviour.id}`));
      remove.onclick = () => this.change("DELETE", behaviour.id, undefined, `${behaviour.id} is removed.`);
    };
    return element;
  }

  async change(method, id, body, done) {
    await attempt(this.problem, async () => {
      await call(method, `/behaviours/${encodeURIComponent(id)}`, body);
      notify(done);
    });
    await this.refresh();
  }

  presetForm() {
    const problem = h("p", { class: "problem", role: "alert" });
    this.preset = h("select", { id: "preset", "aria-describedby": "preset-about", onchange: () => this.showAbout() });
    this.about = h("p", { class: "soft", id: "preset-about" });
    const mvpd = h("input", { id: "preset-mvpd", placeholder: "any", autocomplete: "off", spellcheck: "false" });
    const during = h("input", { id: "preset-for", placeholder: "until removed", autocomplete: "off", spellcheck: "false" });
    return h("form", { class: "block", onsubmit: (event) => {
      event.preventDefault();
      this.add(problem, () => ({
        preset: this.preset.value,
        ...(mvpd.value.trim() ? { match: { mvpd: mvpd.value.trim() } } : {}),
        ...(during.value.trim() ? { for: during.value.trim() } : {}),
      }));
    } },
    h("h3", {}, "Add a fault preset"),
    h("label", { for: "preset" }, "Preset"), this.preset, this.about,
    h("div", { class: "pair" },
      h("div", {}, h("label", { for: "preset-mvpd" }, "MVPD"), mvpd),
      h("div", {}, h("label", { for: "preset-for" }, "For (30s, 10m…)"), during)),
    h("button", { class: "primary" }, "Add the preset"), problem);
  }

  jsonForm() {
    const problem = h("p", { class: "problem", role: "alert" });
    const text = h("textarea", { id: "behaviour-json", rows: "6", spellcheck: "false" }, EXAMPLE);
    return h("details", { class: "block" }, h("summary", {}, "Add from JSON"),
      h("form", { onsubmit: (event) => {
        event.preventDefault();
        this.add(problem, () => parsed(text.value));
      } },
      h("label", { for: "behaviour-json" }, "Behaviour"), text,
      h("button", { class: "primary" }, "Add the behaviour"), problem));
  }

  add(problem, bodyOf) {
    return attempt(problem, async () => {
      const { ids, warnings } = await call("POST", "/behaviours", bodyOf());
      notify(`Added ${ids.join(", ")}.`);
      setText(problem, warnings.map((warning) => `Warning: ${warning}`).join("; "));
      await this.refresh();
    });
  }

  showPresets(presets) {
    this.presets = presets;
    this.preset.append(...Object.keys(presets).map((name) => h("option", {}, name)));
    this.showAbout();
  }

  showAbout() {
    setText(this.about, this.presets[this.preset.value] ?? "");
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused(`This is not JSON: ${error.message}`);
  }
}

const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));

const effectOf = ({ effect }) => Object.entries(effect).map(([name, value]) => `${name} ${textOf(value)}`).join(", ");

function detailsOf({ match = {}, ...behaviour }) {
  const matching = Object.entries(match).map(([name, value]) => `${name} ${value}`);
  const lifetime = LIFETIME.filter((name) => name in behaviour).map((name) => `${name} ${textOf(behaviour[name])}`);
  return [matching.length ? `Where ${matching.join(" and ")}` : "For every request", ...lifetime].join(" · ");
}

/** Returns the reason why a behaviour has no hit, with the request that came nearest to it. */
function missedOf({ near_miss: missed }) {
  if (!missed) return "";
  const reasons = missed.reasons.join(", and ");
  return missed.exchange === null ? `No hit: ${reasons}.` : `No hit. Nearest: #${missed.exchange} ${missed.request}: ${reasons}.`;
}
