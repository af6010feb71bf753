/** The list of SSO profiles of the SSO Service with their devices, below the sessions; hidden while there is none. */

import { get } from "./api.js";
import { h, reconcile, setText } from "./dom.js";

const SHOWN = 50;
const TONES = { regular: "good", sso: "plain", unlinked: "quiet" };

export class SsoProfiles {
  constructor({ panel, filter }) {
    this.filter = filter;
    this.list = h("ul", { class: "cards" });
    this.section = h("section", { hidden: true }, h("h3", {}, "SSO profiles"), this.list);
    panel.append(this.section);
  }

  async refresh() {
    const { "sso-profiles": profiles } = await get(`/sso-profiles?limit=${SHOWN}`);
    this.section.hidden = !profiles.length;
    reconcile(this.list, profiles, (profile) => `${profile.service_provider} ${profile.subject}`, () => this.card());
  }

  card() {
    const text = h("p", {});
    const devices = h("ul", { class: "cards" });
    const element = h("li", { class: "card" }, text, devices);
    element.show = (profile) => {
      setText(text, [profile.service_provider, profile.mvpds.join(", ") || "no login"].join(" · "));
      reconcile(devices, profile.devices, ({ device }) => device, () => this.device());
    };
    return element;
  }

  device() {
    const name = h("button", { type: "button", class: "code-name", title: "Show its exchanges in the list" });
    const state = h("span", {});
    const element = h("li", { class: "card-head" }, name, state);
    element.show = (device) => {
      setText(name, device.device);
      name.onclick = () => this.filter("device", device.device);
      setText(state, device.state);
      state.className = `badge tone-${TONES[device.state] ?? "plain"}`;
    };
    return element;
  }
}
