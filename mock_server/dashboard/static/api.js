/** Control calls of the space in the URL of the page. */

import * as access from "./access.js";

const PREFIX = location.pathname.replace(/\/_mock\/?$/, "");

const LONGEST_ERROR = 200;

/** The name of the space. */
export const space = PREFIX.startsWith("/~") ? decodeURIComponent(PREFIX.slice(2)) : "default";

/** Base URL of Adobe Pass for services. */
export const address = location.origin + PREFIX;

/** Path of the dashboard of a space. */
export const pageOf = (name) => (name === "default" ? "/_mock/" : `/~${encodeURIComponent(name)}/_mock/`);

/** Error of a call that the mock refused, or that did not reach it (status 0); the message is for users. */
export class Refused extends Error {
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

/** Sends a call and returns the response. Requests the control token from the user if the mock requires one. */
export async function open(method, path, { body, headers = {}, signal } = {}) {
  for (;;) {
    const token = access.token();
    const answer = await fetch(`${PREFIX}/_mock${path}`, {
      method,
      signal,
      headers: { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
    }).catch((error) => {
      if (signal?.aborted) throw error;
      throw new Refused("The mock cannot be reached.");
    });
    if (answer.status === 401) {
      await access.requestToken(token);
      continue;
    }
    if (!answer.ok) throw new Refused(await sentenceOf(answer), answer.status);
    return answer;
  }
}

/** Sends a call with JSON, and returns the JSON of the answer. */
export async function call(method, path, body) {
  const answer = await open(method, path, { body });
  if (answer.status === 204) return null;
  return answer.json().catch(() => {
    throw new Refused(`The answer to ${method} ${path} is not JSON.`, answer.status);
  });
}

export const get = (path) => call("GET", path);

async function sentenceOf(answer) {
  const text = await answer.text();
  try {
    const { error } = JSON.parse(text);
    if (error) return error;
  } catch {
    // not JSON: another server, or a proxy before the mock
  }
  return `The mock answered ${answer.status}${text && `: ${text.slice(0, LONGEST_ERROR)}`}.`;
}
