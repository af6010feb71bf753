/** The panel of the clock: the time of the space, and a form to advance it. */

import { call } from "./api.js";
import { attempt, notify } from "./feedback.js";
import { h, setText } from "./dom.js";
import { day, duration, time } from "./format.js";

const STEPS = ["30s", "1m", "30m", "6h", "1d", "30d"];

export class Time {
  /** `header` is an element outside the panel that shows the time too. */
  constructor({ panel, header, clock }) {
    Object.assign(this, { header, clock });
    this.problem = h("p", { class: "problem", role: "alert" });
    this.now = h("p", { class: "big" });
    this.offset = h("p", { class: "soft" });
    const by = h("input", { id: "advance-by", required: true, autocomplete: "off", spellcheck: "false", placeholder: "90s, 12h, 7d" });
    panel.append(
      h("h2", {}, "Clock"),
      h("p", { class: "panel-summary" }, "The time of this space only. Sessions, tokens, profiles and decisions expire by it. You can advance it, but not set it back."),
      this.now, this.offset,
      h("h3", {}, "Advance"),
      h("div", { class: "chips" }, STEPS.map((step) => h("button", { type: "button", onclick: () => this.advance(step) }, `+${step}`))),
      h("form", { class: "inline", onsubmit: (event) => { event.preventDefault(); this.advance(by.value.trim()); } },
        h("label", { for: "advance-by" }, "By"), by, h("button", { class: "primary" }, "Advance the clock")),
      this.problem);
  }

  async advance(by) {
    await attempt(this.problem, async () => {
      await call("POST", "/clock", { advance: by });
      await this.clock.read();
      this.tick();
      notify(`The clock is advanced by ${by}.`);
    });
  }

  async refresh() {
    await this.clock.read();
    this.tick();
  }

  tick() {
    const now = this.clock.now();
    const ahead = this.clock.offset ? `${duration(this.clock.offset)} ahead` : "";
    setText(this.header, [time(now), ahead && `+${duration(this.clock.offset)}`].filter(Boolean).join("  "));
    setText(this.now, time(now));
    setText(this.offset, `${day(now)}${ahead && `, ${ahead} of the mock`}`);
  }
}
