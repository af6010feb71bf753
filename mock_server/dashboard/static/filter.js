/** The filter of the list: words, `field:value` with `*`, `?` and commas, and `-` to exclude. */

const FIELDS = {
  id: (exchange) => [String(exchange.id)],
  endpoint: (exchange) => [exchange.endpoint],
  method: (exchange) => [exchange.method],
  path: (exchange) => [exchange.path],
  status: (exchange) => [String(exchange.status)],
  outcome: (exchange) => [exchange.outcome],
  error: (exchange) => [exchange.error],
  device: (exchange) => [exchange.device],
  ip: (exchange) => [exchange.ip],
  provider: (exchange) => [exchange.service_provider],
  mvpd: (exchange) => [exchange.mvpd],
  code: (exchange) => [exchange.code],
  client: (exchange) => [exchange.client_id],
  behaviour: (exchange) => exchange.behaviours,
  rule: (_, rules) => rules,
};
/** Names of the fields. */
export const FIELD_NAMES = Object.keys(FIELDS);
const ANYWHERE = ["endpoint", "path", "status", "outcome", "error", "device", "ip", "mvpd", "code", "behaviour", "rule"];

/** Returns the filter term for a field and a value, in quotation marks if it has spaces. */
export const term = (field, value) => `${field}:${/\s/.test(value) ? `"${value}"` : value}`;

const termsOf = (text) => text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];

/** Returns the names before a colon in a filter that are no fields; a term in quotation marks has none. */
export function unknownFields(text) {
  const names = termsOf(text).map((one) => one.match(/^-?([a-z_-]+):./i)?.[1].toLowerCase());
  return [...new Set(names)].filter((name) => name && !Object.hasOwn(FIELDS, name));
}

/** Parses a filter; returns a function of an exchange, and the rules that it is evidence against, to true or false. */
export function parse(text) {
  const terms = termsOf(text).map(one);
  return (exchange, rules = []) => terms.every((matches) => matches(exchange, rules));
}

function one(text) {
  const negated = text.length > 1 && text.startsWith("-");
  const bare = (negated ? text.slice(1) : text).replaceAll('"', "");
  const colon = bare.indexOf(":");
  const field = bare.slice(0, Math.max(colon, 0)).toLowerCase();
  const matches = Object.hasOwn(FIELDS, field) ? byField(field, bare.slice(colon + 1)) : byWord(bare);
  return (exchange, rules) => matches(exchange, rules) !== negated;
}

function byField(field, value) {
  const patterns = value.split(",").filter(Boolean).map(glob);
  if (!patterns.length) return () => true; // the user is still typing
  return (exchange, rules) =>
    FIELDS[field](exchange, rules).some((actual) => patterns.some((pattern) => pattern.test(actual ?? "")));
}

function byWord(word) {
  const lowerCase = word.toLowerCase();
  return (exchange, rules) =>
    ANYWHERE.some((field) =>
      FIELDS[field](exchange, rules).some((actual) => (actual ?? "").toLowerCase().includes(lowerCase)));
}

/** Returns the regular expression for a glob: `*` matches any characters, `?` matches one. */
export function glob(pattern) {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "is");
}
