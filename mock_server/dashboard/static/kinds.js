/** Kinds of exchanges, with shape, tone and label for lists, lanes and the legend. */

import { svg } from "./dom.js";

/** Shapes are SVG paths in a square of 16 by 16. Shapes differ between tones, so that no kind depends on colour alone. */
export const KINDS = {
  token: { label: "Registration or token", tone: "plain", shape: "M8 1 L15 8 L8 15 L1 8 Z" },
  session: { label: "Session", tone: "plain", shape: "M3 1.5 L14.5 8 L3 14.5 Z" },
  page: { label: "Page of the TV provider", tone: "plain", shape: "M2 2 H14 V14 H2 Z M4.5 4.5 V11.5 H11.5 V4.5 Z" },
  poll: { label: "Poll, not logged in yet", tone: "quiet", shape: ring(4.6, 2.6) },
  profile: { label: "Profile found", tone: "good", shape: disc(6.5) },
  permit: { label: "Permit", tone: "good", shape: "M1 8.6 L3.4 6 L6.4 9 L12.7 2.4 L15 5 L6.4 13.8 Z" },
  mixed: { label: "Some permitted, some denied", tone: "warn", shape: `${ring(6.5, 4.4)} M8 1.5 A6.5 6.5 0 0 0 8 14.5 Z` },
  deny: { label: "Denial", tone: "warn", shape: `${disc(6.8)} M3.8 6.6 V9.4 H12.2 V6.6 Z` },
  throttled: { label: "429 throttled", tone: "throttled", shape: "M5 1 H11 L15 5 V11 L11 15 H5 L1 11 V5 Z M7 3.6 V9 H9 V3.6 Z M7 10.4 V12.4 H9 V10.4 Z" },
  error: { label: "Request error", tone: "bad", shape: "M3.6 1 L8 5.4 L12.4 1 L15 3.6 L10.6 8 L15 12.4 L12.4 15 L8 10.6 L3.6 15 L1 12.4 L5.4 8 L1 3.6 Z" },
  failure: { label: "Server error or broken connection", tone: "bad", shape: "M8 0.8 L15.6 14.6 H0.4 Z M7 5.4 V10 H9 V5.4 Z M7 11.2 V13 H9 V11.2 Z" },
  logout: { label: "Logout", tone: "plain", shape: "M13 1.5 L1.5 8 L13 14.5 Z" },
  other: { label: "Other", tone: "quiet", shape: disc(3) },
};

export function kindOf(exchange) {
  const { endpoint, outcome, status } = exchange;
  if (outcome === "throttled") return "throttled";
  if (outcome === "broken" || status >= 500) return "failure";
  if (outcome === "error") return "error";
  if (outcome === "profile" || outcome === "permit" || outcome === "deny" || outcome === "mixed") return outcome;
  if (endpoint === "profiles.code") return "poll";
  if (endpoint.startsWith("dcr.")) return "token";
  if (endpoint.startsWith("sessions.")) return "session";
  if (endpoint === "authenticate" || endpoint.startsWith("browser.")) return "page";
  return endpoint === "logout" ? "logout" : "other";
}

/** Creates the icon of a kind, hidden from screen readers: a text is beside it. */
export function icon(kind) {
  return svg("svg", { class: `icon tone-${KINDS[kind].tone}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: KINDS[kind].shape, "fill-rule": "evenodd" }));
}

/** Returns the outcome of an exchange as a short text. */
export function outcomeOf(exchange) {
  const { status, outcome, error } = exchange;
  if (outcome === "broken") return "broken";
  const detail = error || (outcome === "error" ? "" : outcome);
  return detail ? `${status} ${detail}` : String(status);
}

function disc(radius) {
  return `M${8 - radius} 8 a${radius} ${radius} 0 1 0 ${2 * radius} 0 a${radius} ${radius} 0 1 0 ${-2 * radius} 0 Z`;
}

function ring(outer, inner) {
  return `${disc(outer)} ${disc(inner)}`;
}
