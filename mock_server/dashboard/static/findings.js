/** The panel of findings: the results of the live rules, by rule, with the exchanges as evidence. */

import { get } from "./api.js";
import { h, reconcile, setText } from "./dom.js";
import { count, number } from "./format.js";

const GROUPS = [
  ["violated", "Violated"],
  ["inconclusive", "Inconclusive"],
  ["passed", "Passed"],
  ["not exercised", "Not exercised"],
  ["untestable", "Untestable here"],
];

export class Findings {
  /** `open(ids, id)` shows an exchange, `list(ids)` shows exchanges in the list. */
  constructor({ panel, badge, open, list }) {
    Object.assign(this, { badge, openExchange: open, showInList: list });
    this.summary = h("p", { class: "panel-summary" });
    this.groups = h("div", {});
    panel.append(h("h2", {}, "Findings"), this.summary, this.groups);
  }

  async refresh() {
    const { rules, waiting, stopped } = await get("/findings");
    const by = (verdict) => rules.filter((rule) => rule.verdict === verdict);
    const violated = by("violated").length;
    setText(this.badge, violated ? number(violated) : "");
    setText(this.summary, this.sentence(rules.length, violated, waiting, stopped));
    const groups = GROUPS.map(([verdict, title]) => ({ verdict, title, rules: inOrder(by(verdict)) }));
    reconcile(this.groups, groups.filter((group) => group.rules.length), (group) => group.verdict, (group) => this.group(group));
  }

  sentence(all, violated, waiting, stopped) {
    if (stopped) return `The rules have stopped: ${stopped}.`;
    if (!all) return "No live rules: install pass-harness[conformance], or start the mock without --no-rules.";
    const judged = `${count(all, "rule")} ${all === 1 ? "checks" : "check"} every exchange; ${violated ? number(violated) : "none"} violated.`;
    return waiting > 100 ? `${judged} ${count(waiting, "exchange")} still to check.` : judged;
  }

  group({ verdict }) {
    const heading = h(verdict === "violated" ? "h3" : "summary", {});
    const rules = h("ul", { class: "rules" });
    const element = verdict === "violated" ? h("section", {}, heading, rules) : h("details", { class: "group" }, heading, rules);
    element.show = (group) => {
      setText(heading, `${group.title} (${group.rules.length})`);
      reconcile(rules, group.rules, (rule) => rule.id, () => (verdict === "violated" ? this.violated() : plain()));
    };
    return element;
  }

  violated() {
    const severity = h("span", { class: "badge" });
    const title = h("span", { class: "rule-title" });
    const figures = h("span", { class: "soft" });
    const id = h("code", {});
    const remedy = h("p", {});
    const sources = h("p", { class: "sources" });
    const findings = h("ol", { class: "findings" });
    const more = h("p", { class: "soft" });
    const details = h("details", {}, h("summary", {}, severity, title, figures), h("p", {}, id), findings, more, remedy, sources);
    const element = h("li", { class: "rule" }, details);
    element.show = (rule) => {
      setText(severity, rule.severity);
      severity.className = `badge ${rule.severity === "MUST" ? "tone-bad" : "tone-warn"}`;
      setText(title, rule.title);
      setText(figures, `violated ${number(rule.broken)} of ${count(rule.opportunities, "time")}`);
      setText(id, rule.id);
      setText(remedy, rule.remedy);
      if (!sources.children.length) sources.append(...rule.citations.filter(isWeb).map(link));
      reconcile(findings, rule.findings, (finding) => finding.exchanges.join() + finding.observed, () => this.finding());
      const rest = rule.broken - rule.findings.length;
      setText(more, rest > 0 ? `${count(rest, "more finding")} of the same kind.` : "");
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
      exchanges.append(...ids.map((id) => h("button", { type: "button", onclick: () => this.openExchange(ids, id) }, `#${id}`)),
        h("button", { type: "button", class: "quiet", onclick: () => this.showInList(ids) }, "Show in the list"));
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
