/** The panel of sessions, with a form to log a session in, and of SSO profiles. */

import { call, get } from "./api.js";
import { attempt, notify } from "./feedback.js";
import { h, reconcile, setText } from "./dom.js";
import { glob } from "./filter.js";
import { count, duration, number } from "./format.js";
import { SsoProfiles } from "./sso_profiles.js";

const SHOWN = 50;
const TONES = { pending: "plain", completed: "good", incomplete: "warn", expired: "quiet", replaced: "quiet" };

export class Sessions {
  constructor({ panel, badge, filter }) {
    Object.assign(this, { badge, filter, subscribers: null });
    this.summary = h("p", { class: "panel-summary" });
    this.list = h("ul", { class: "cards" });
    panel.append(h("h2", {}, "Sessions"), this.summary, this.list);
    this.ssoProfiles = new SsoProfiles({ panel, filter });
  }

  async refresh() {
    this.subscribers ??= (await get("/catalogue")).subscribers;
    const { sessions, all, now } = await get(`/sessions?limit=${SHOWN}`);
    const pending = sessions.filter((session) => session.state === "pending").length;
    setText(this.badge, pending ? number(pending) : "");
    const more = all > sessions.length ? ` The ${sessions.length} that changed last are shown.` : "";
    sessions.sort((one, other) => other.not_before - one.not_before);
    setText(this.summary, all ? `${count(all, "session")}, ${number(pending)} waiting for a login.${more}` : "No device has started a session yet.");
    reconcile(this.list, sessions.map((session) => ({ ...session, now })), (session) => session.code, () => this.card());
    await this.ssoProfiles.refresh();
  }

  card() {
    const code = h("button", { type: "button", class: "code-name", title: "Show its exchanges in the list" });
    const state = h("span", {});
    const text = h("p", {});
    const until = h("p", { class: "soft" });
    const foot = h("div", {});
    const element = h("li", { class: "card" }, h("div", { class: "card-head" }, code, state), text, until, foot);
    element.show = (session) => {
      setText(code, session.code);
      code.onclick = () => this.filter("code", session.code);
      setText(state, session.state);
      state.className = `badge tone-${TONES[session.state] ?? "plain"}`;
      setText(text, [session.mvpd ?? "no MVPD yet", session.service_provider, session.device, session.ip].filter(Boolean).join(" · "));
      setText(until, untilOf(session));
      if (session.state !== "pending") foot.replaceChildren();
      else if (!foot.children.length) foot.append(this.login(session));
    };
    return element;
  }

  login({ code, mvpd }) {
    const problem = h("p", { class: "problem", role: "alert" });
    const known = this.subscribers.filter(({ mvpds }) => mvpds.some((pattern) => glob(pattern).test(mvpd)));
    const select = h("select", { id: `login-${code}` }, known.map(({ username }) => h("option", {}, username)));
    if (!known.length) return h("p", { class: "soft" }, `The catalogue has no subscriber of ${mvpd}.`);
    return h("form", { class: "inline", onsubmit: (event) => {
      event.preventDefault();
      attempt(problem, async () => {
        await call("POST", `/sessions/${encodeURIComponent(code)}/login`, { username: select.value });
        notify(`${select.value} is logged in with ${code}.`);
        await this.refresh();
      });
    } },
    h("label", { for: select.id }, "Log in as", h("span", { class: "unseen" }, ` (code ${code})`)), select,
    h("button", { class: "primary" }, "Log in", h("span", { class: "unseen" }, ` with ${code}`)), problem);
  }
}

function untilOf({ state, missing, not_after: notAfter, now }) {
  if (state === "incomplete") return `Missing: ${missing.join(", ")}; expires in ${duration(notAfter - now)}`;
  if (state === "pending") return `Expires in ${duration(notAfter - now)}`;
  if (state === "expired") return `Expired ${duration(now - notAfter)} ago`;
  return state === "replaced" ? "Replaced by a newer session of the device" : "Logged in";
}
