/** The details of an exchange: request and response from the journal, with masked secrets. */

import { address, call, get, Refused } from "./api.js";
import { curlOf } from "./curl.js";
import { h, setText } from "./dom.js";
import { attempt, notify } from "./feedback.js";
import { term } from "./filter.js";
import { day, exactTime, prettyJson, durationText } from "./format.js";
import { icon, kindOf, KINDS, outcomeOf } from "./kinds.js";
import { inPage, keep, urlWith } from "./page_url.js";

export class Detail {
  /** `filter(text)` filters the list. */
  constructor({ dialog, journal, filter }) {
    Object.assign(this, { dialog, journal, filter });
    this.title = h("h2", { id: "detail-title", tabindex: "-1" });
    this.body = h("div", { class: "detail-body", tabindex: "0", role: "group", "aria-labelledby": "detail-title" });
    this.earlier = h("button", { type: "button", onclick: () => this.step(-1) }, "← Earlier");
    this.later = h("button", { type: "button", onclick: () => this.step(1) }, "Later →");
    dialog.append(
      h("header", {}, this.title,
        h("div", { class: "actions" }, this.earlier, this.later,
          h("button", { type: "button", onclick: () => dialog.close() }, "Close"))),
      this.body);
    journal.onChange(() => dialog.open && this.known(this.id) !== this.shown && this.show());
    dialog.addEventListener("close", () => keep({ exchange: "" }));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.step(-1);
      if (event.key === "ArrowRight") this.step(1);
    });
  }

  /** Shows the exchange `id`; the user can step through `ids`. */
  async open(ids, id) {
    this.ids = ids;
    this.id = id;
    if (!this.dialog.open) this.dialog.showModal();
    this.title.focus();
    await this.show();
  }

  async step(by) {
    const next = this.ids[this.ids.indexOf(this.id) + by];
    if (next === undefined) return;
    this.id = next;
    await this.show();
  }

  /** Returns what the page knows of an exchange besides the journal of the mock; it may arrive after the exchange. */
  known(id) {
    const isListed = this.journal.entries.some((entry) => entry.id === id);
    return `${id} ${isListed} ${this.journal.evidence.get(id) ?? ""}`;
  }

  async show() {
    const { id } = this;
    const isOther = !this.shown?.startsWith(`${id} `);
    this.shown = this.known(id);
    keep({ exchange: id });
    const at = this.ids.indexOf(id);
    this.earlier.disabled = at <= 0;
    this.later.disabled = at >= this.ids.length - 1;
    setText(this.title, `Exchange ${id}`);
    let content;
    try {
      const { exchanges } = await get(`/exchanges?after=${id - 1}&limit=1`);
      content = exchanges[0]?.id === id ? this.contentOf(exchanges[0]) : [h("p", {}, "This exchange is no longer in the journal.")];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      content = [h("p", { class: "problem", role: "alert" }, error.message)];
    }
    if (id !== this.id) return; // the user has opened another exchange meanwhile
    this.body.replaceChildren(...content);
    if (isOther) this.body.scrollTop = 0;
  }

  contentOf(exchange) {
    // Only the summary has the outcome that list and lanes show.
    const summary = this.journal.entries.find((entry) => entry.id === exchange.id);
    const kind = summary ? kindOf(summary) : "other";
    const rules = this.journal.evidence.get(exchange.id) ?? [];
    return [
      h("p", { class: "first-line" }, h("code", {}, `${exchange.method} ${exchange.path}${exchange.query && `?${exchange.query}`}`)),
      h("p", { class: `verdict tone-${KINDS[kind].tone}` }, icon(kind), summary ? outcomeOf(summary) : String(exchange.status),
        h("span", { class: "soft" }, `after ${durationText(exchange.duration_ms)}`)),
      explanationOf(exchange),
      rules.length ? h("p", { class: "evidence" }, "⚑ Evidence against ", rules.map((rule) => this.evidenceLink(rule))) : null,
      exchange.replay_of ? h("p", { class: "soft" }, `Replay of #${exchange.replay_of}, sent by a user of the mock. The rules ignore it.`) : null,
      ...this.actions(exchange),
      facts({
        Endpoint: exchange.endpoint || "unknown path",
        Time: `${day(exchange.at)}, ${exactTime(exchange.at)}`,
        "Service provider": exchange.service_provider,
        MVPD: exchange.mvpd,
        Device: exchange.device,
        Address: exchange.ip,
        Code: exchange.code,
        Client: exchange.client_id,
        Behaviours: exchange.behaviours.join(", "),
        Connection: `${exchange.peer} → ${exchange.server}, ${exchange.connection}`,
        "Event loop lag": durationText(exchange.lag_ms),
      }),
      h("h3", {}, "Request"),
      ...message(exchange.request_headers, exchange.request_body),
      h("h3", {}, "Response"),
      ...message(exchange.response_headers, exchange.response_body),
    ].filter(Boolean);
  }

  evidenceLink(rule) {
    const text = term("rule", rule);
    const show = () => {
      this.dialog.close();
      this.filter(text);
    };
    return h("a", { href: urlWith({ filter: text, exchange: "" }), title: "Show the evidence in the list", onclick: inPage(show) }, h("code", {}, rule));
  }

  /** Returns the buttons that copy the request as a curl command and that replay it, with the place of the command. */
  actions(exchange) {
    const problem = h("p", { class: "problem", role: "alert" });
    const command = h("pre", { hidden: true, tabindex: "0" });
    const copy = async () => {
      const text = curlOf(exchange, address);
      setText(command, text);
      command.hidden = false;
      await attempt(problem, async () => {
        // A browser offers the clipboard to pages of loopback addresses and of https only.
        if (!navigator.clipboard) throw new Refused("The browser gives no access to the clipboard at this address: copy the command from here.");
        await navigator.clipboard.writeText(text).catch(({ message }) => {
          throw new Refused(`The command is not copied (${message}): copy it from here.`);
        });
        notify("The command is copied. Its secrets are variables of the shell.");
      });
    };
    const replay = () => attempt(problem, async () => {
      const { id, status } = await call("POST", `/exchanges/${exchange.id}/replay`);
      await this.open([exchange.id, id], id);
      notify(`Exchange ${id} is the replay of ${exchange.id}: ${status || "no answer"}.`);
    });
    return [
      h("div", { class: "actions" },
        h("button", { type: "button", onclick: copy }, "Copy as curl"),
        h("button", { type: "button", onclick: replay, title: "Send the same request to the mock again. Its state may change; the rules ignore it." }, "Replay")),
      problem, command,
    ];
  }
}

function message(headers, body) {
  const decoded = decodedJson(headers["x-device-info"]);
  return [
    facts(headers, "headers"),
    decoded ? h("p", { class: "soft" }, "X-Device-Info, decoded") : null,
    decoded ? h("pre", {}, decoded) : null,
    body ? h("pre", {}, prettyJson(body)) : h("p", { class: "soft" }, "No body"),
  ];
}

function facts(named, kind = "facts") {
  const known = Object.entries(named).filter(([, value]) => value !== null && value !== "");
  return h("dl", { class: kind }, known.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]));
}

function decodedJson(base64) {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null; // absent or malformed
  }
}

/** Returns the explanation of an unknown path, which is the body of its answer; null for other exchanges. */
function explanationOf({ endpoint, response_body: body, response_headers: headers }) {
  const explained = !endpoint && body && headers["content-type"]?.startsWith("text/plain");
  return explained ? h("p", { class: "problem" }, body) : null;
}
