/** The panel of findings: the results of the live rules, by rule, with the exchanges as evidence. */

import { get } from "./api.js";
import { h, reconcile, setText } from "./dom.js";
import { inPage, urlWith } from "./page_url.js";
import { count, durationText, exactTime, number } from "./format.js";

const GROUPS = [
  ["violated", "Violated"],
  ["consequence", "Probable consequences"],
  ["advice", "Advice"],
  ["inconclusive", "Inconclusive"],
  ["passed", "Passed"],
  ["not exercised", "Not exercised"],
  ["untestable", "Untestable here"],
];

const FOUND = new Set(["violated", "consequence", "advice"]);

export class Findings {
  /** `open(ids, id)` shows an exchange, `list(ids)` shows exchanges in the list. */
  constructor({ panel, badge, open, list }) {
    Object.assign(this, { badge, openExchange: open, showInList: list });
    this.summary = h("p", { class: "panel-summary" });
    this.stalls = h("p", { class: "panel-summary", hidden: true });
    this.groups = h("div", {});
    panel.append(h("h2", {}, "Findings"), this.summary, this.stalls, this.groups);
  }

  async refresh() {
    const { rules, waiting, stopped } = await get("/findings");
    const { stalls, all } = await get("/stalls");
    this.stalls.hidden = !all;
    setText(this.stalls, all ? stallsText(stalls, all) : "");
    const by = (standing) => rules.filter((rule) => (rule.standing || rule.verdict) === standing);
    const violated = by("violated").length;
    setText(this.badge, violated ? number(violated) : "");
    setText(this.summary, this.sentence(rules.length, violated, waiting, stopped));
    const groups = GROUPS.map(([standing, title]) => ({ standing, title, rules: inOrder(by(standing)) }));
    reconcile(this.groups, groups.filter((group) => group.rules.length), (group) => group.standing, (group) => this.group(group));
  }

  sentence(all, violated, waiting, stopped) {
    if (stopped) return `The rules have stopped: ${stopped}.`;
    if (!all) return "No live rules: install pass-harness[conformance], or start the mock without --no-rules.";
    const judged = `${count(all, "rule")} ${all === 1 ? "checks" : "check"} every exchange; ${violated ? number(violated) : "none"} violated.`;
    return waiting > 100 ? `${judged} ${count(waiting, "exchange")} still to check.` : judged;
  }

  group({ standing }) {
    const found = FOUND.has(standing);
    const heading = h(found ? "h3" : "summary", {});
    const rules = h("ul", { class: "rules" });
    const element = found ? h("section", {}, heading, rules) : h("details", { class: "group" }, heading, rules);
    element.show = (group) => {
      setText(heading, `${group.title} (${group.rules.length})`);
      reconcile(rules, group.rules, (rule) => rule.id, () => (found ? this.violated() : plain()));
    };
    return element;
  }

  violated() {
    const severity = h("span", { class: "badge" });
    const title = h("span", { class: "rule-title" });
    const figures = h("span", { class: "soft" });
    const id = h("code", {});
    const cause = h("p", { class: "soft" });
    const remedy = h("p", {});
    const sources = h("p", { class: "sources" });
    const findings = h("ol", { class: "findings" });
    const more = h("p", { class: "soft" });
    const details = h("details", {}, h("summary", {}, severity, title, figures), h("p", {}, id), cause, findings, more, remedy, sources);
    const element = h("li", { class: "rule" }, details);
    element.show = (rule) => {
      setText(severity, rule.severity);
      severity.className = `badge ${rule.standing === "violated" ? "tone-bad" : "tone-warn"}`;
      setText(title, rule.title);
      setText(figures, `violated ${number(rule.broken)} of ${count(rule.opportunities, "time")}`);
      setText(id, rule.id);
      const follows = rule.standing === "consequence" && rule.kinds.find((kind) => kind.consequence_of)?.consequence_of;
      setText(cause, follows ? `Probably a consequence of ${follows.rule}: ${follows.why}.` : "");
      setText(remedy, rule.remedy);
      if (!sources.children.length) sources.append(...rule.citations.filter(isWeb).map(link));
      reconcile(findings, rule.findings, (finding) => finding.exchanges.join() + finding.observed, () => this.finding());
      const rest = rule.broken - rule.findings.length;
      setText(more, rest > 0 ? `${count(rest, "more finding")}.` : "");
    };
    return element;
  }

  finding() {
    const expected = h("dd", {});
    const observed = h("dd", {});
    const device = h("dd", {});
    const exchanges = h("dd", { class: "chips" });
    const element = h("li", {}, h("dl", { class: "facts" },
      h("dt", {}, "Expected"), expected, h("dt", {}, "Observed"), observed,
      h("dt", {}, "Device"), device, h("dt", {}, "Exchanges"), exchanges));
    element.show = (finding) => {
      const ids = finding.exchanges;
      setText(expected, finding.expected);
      setText(observed, finding.observed);
      setText(device, finding.device ?? "none");
      if (exchanges.children.length) return; // the evidence of a finding does not change
      exchanges.append(...ids.map((id) => h("a", { class: "chip", href: urlWith({ exchange: id }), onclick: inPage(() => this.openExchange(ids, id)) }, `#${id}`)),
        h("a", { href: urlWith({ filter: `id:${ids.join(",")}`, exchange: "" }), onclick: inPage(() => this.showInList(ids)) }, "Show in the list"));
    };
    return element;
  }
}

function plain() {
  const title = h("span", {});
  const figures = h("span", { class: "soft" });
  const element = h("li", { class: "rule plain" }, title, figures);
  element.show = (rule) => {
    setText(title, rule.title);
    setText(figures, rule.opportunities ? count(rule.opportunities, "opportunity", "opportunities") : rule.reasons.join("; "));
  };
  return element;
}

const inOrder = (rules) => rules.toSorted((a, b) => a.severity.localeCompare(b.severity) || a.id.localeCompare(b.id));
const isWeb = (url) => url.startsWith("https://");
const link = (url, index) => h("a", { href: url, target: "_blank", rel: "noreferrer" }, index ? `Source ${index + 1}` : "Source");

/** Returns the stalls of the mock as text; `stalls` are the latest of `all`. */
function stallsText(stalls, all) {
  const latest = stalls.at(-1);
  return `The mock stalled ${all === 1 ? "once" : `${number(all)} times`}, last at ${exactTime(latest.at)} for ${durationText(latest.stalled_ms)}. Rules do not judge times in stalls.`;
}
