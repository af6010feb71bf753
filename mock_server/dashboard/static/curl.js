/** The request of an exchange as a curl command for a POSIX shell, with variables in place of masked secrets. */

/** Headers that curl or the network sets. */
const LEFT_OUT = new Set(["accept-encoding", "connection", "content-length", "host", "transfer-encoding", "x-request-id"]);
const MASKED = /sha256:[0-9a-f]{16}/g;
const NAMED = /(client_secret|software_statement|SAMLResponse|password)["=:\s]*$/;
const VARIABLES = { client_secret: "CLIENT_SECRET", software_statement: "SOFTWARE_STATEMENT", SAMLResponse: "SAML_RESPONSE", password: "PASSWORD" };
/** Control characters but for tabs and line feeds: a terminal may obey them when a user pastes the command. */
const CONTROL = /[\x01-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Returns the command for an exchange of the mock at the base URL `address`; it begins with the variables to set. */
export function curlOf(exchange, address) {
  const { method, path, query, request_headers: headers, request_body: body } = exchange;
  const target = path.split("/").map(encoded).join("/") + (query && `?${query}`);
  const variables = new Set();
  const quoted = (text, variable) => quotedWith(variables, text, variable);
  const lines = [`curl --include --globoff${method === "GET" && !body ? "" : ` --request ${quoted(method)}`} ${quoted(address + target)}`];
  for (const [name, value] of Object.entries(headers)) {
    // curl sends a header without a value only if a semicolon takes the place of the colon.
    if (!LEFT_OUT.has(name)) lines.push(`--header ${quoted(value ? `${name}: ${value}` : `${name};`, variableOf(name))}`);
  }
  if (body && !("content-type" in headers)) lines.push("--header 'content-type:'"); // else curl adds one
  if (body) lines.push(`--data-raw ${quoted(body.replaceAll("\0", ""))}`);
  const head = variables.size ? [`# set first: ${[...variables].sort().join(", ")}`] : [];
  if (body.includes("\0")) head.push("# the NUL characters of the body are left out: a shell cannot pass them");
  if (exchange.lacks.includes("request_body")) head.push("# the journal has only a part of the body");
  return [...head, lines.join(" \\\n  ")].join("\n");
}

/** Returns a segment of a path percent-encoded, but for masked secrets. */
function encoded(segment) {
  return segment.split(/(sha256:[0-9a-f]{16})/).map((part, index) => (index % 2 ? part : encodeURIComponent(part))).join("");
}

const variableOf = (header) => (header === "authorization" ? "ACCESS_TOKEN" : header.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_"));

/**
 * Returns a text quoted for a shell: literal parts in single quotes, variables for masked secrets in double quotes. Adds
 * their names to `variables`.
 */
function quotedWith(variables, text, variable = "") {
  let [command, position] = ["", 0];
  for (const { 0: found, index } of text.matchAll(MASKED)) {
    const before = text.slice(position, index);
    const name = variable || (VARIABLES[text.slice(0, index).match(NAMED)?.[1]] ?? "SECRET");
    variables.add(name);
    command += `${before && literal(before)}"$${name}"`;
    position = index + found.length;
  }
  const rest = text.slice(position);
  return command + (rest || !command ? literal(rest) : "");
}

/** Returns a text in single quotes; control characters as octal escapes for printf. */
function literal(text) {
  const safe = `'${text.replaceAll("'", "'\\''")}'`;
  return safe.replace(CONTROL, (character) => `'"$(printf '${octal(character)}')"'`);
}

const octal = (character) => [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
