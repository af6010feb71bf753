/** The panel of rate limit buckets: the requests that each IP address has left before a 429. */

import { get } from "./api.js";
import { h, reconcile, setText } from "./dom.js";
import { count, number } from "./format.js";

const ADDRESSES = 500;
const SHOWN = 50;

export class Buckets {
  constructor({ panel, filter }) {
    this.filter = filter;
    this.summary = h("p", { class: "panel-summary" });
    this.list = h("ul", { class: "cards" });
    panel.append(h("h2", {}, "Rate limit"), this.summary, this.list);
  }

  async refresh() {
    const { buckets, next, limit, now } = await get(`/buckets?limit=${ADDRESSES}`);
    setText(this.summary, sentence(limit, buckets.length, next));
    reconcile(this.list, buckets.slice(0, SHOWN).map((bucket) => ({ ...bucket, limit, now })), ({ ip, special }) => `${ip} ${special}`, () => this.card());
  }

  card() {
    const ip = h("button", { type: "button", class: "code-name", title: "Show its exchanges in the list" });
    const text = h("span", { class: "soft" });
    const meter = h("meter", { min: "0" });
    const element = h("li", { class: "card" }, h("div", { class: "card-head" }, ip, text), meter);
    element.show = (bucket) => {
      setText(ip, bucket.ip);
      ip.onclick = () => this.filter("ip", bucket.ip);
      setText(text, textOf(bucket));
      meter.hidden = bucket.tokens === null;
      if (meter.hidden) return;
      meter.max = bucket.limit.burst + 1;
      meter.low = meter.max / 3;
      meter.optimum = meter.max;
      meter.value = bucket.tokens;
      meter.setAttribute("aria-label", `Requests that ${bucket.ip} has left`);
    };
    return element;
  }
}

function sentence(limit, found, next) {
  if (!limit) return "The rate limit is disabled; behaviours can still add one.";
  const rate = `Rate limit of each IP address: ${count(limit.rate, "request")} per second, with a burst of ${number(limit.burst)}.`;
  const which = next === null ? "" : ` of the latest ${number(ADDRESSES)} addresses`;
  return found ? `${rate} ${count(found, "bucket")}${which} ${found === 1 ? "is" : "are"} not full.` : `${rate} All buckets${which} are full.`;
}

function textOf({ special, tokens, next_allowed: nextAllowed, now }) {
  if (special) return "bucket of a behaviour";
  return tokens ? `${count(tokens, "request")} left` : `429 for another ${((nextAllowed - now) / 1000).toFixed(1)} s`;
}
