/** Control calls of the space that the page is under. */

import * as access from "./access.js";

const PREFIX = location.pathname.replace(/\/_mock\/?$/, "");

/** The name of the space. */
export const space = PREFIX.startsWith("/~") ? decodeURIComponent(PREFIX.slice(2)) : "default";

/** What services are given in the place of Adobe's address. */
export const address = location.origin + PREFIX;

export const pageOf = (name) => (name === "default" ? "/_mock/" : `/~${encodeURIComponent(name)}/_mock/`);

/** The mock refused a call, or could not be reached (status 0); the message is for people. */
export class Refused extends Error {
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

/** Opens an answer. Asks for the control token if the mock wants one. */
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
      await access.ask(token);
      continue;
    }
    if (!answer.ok) throw new Refused(await sentenceOf(answer), answer.status);
    return answer;
  }
}

/** A call with JSON in and out. */
export async function call(method, path, body) {
  const answer = await open(method, path, { body });
  return answer.status === 204 ? null : answer.json();
}

export const get = (path) => call("GET", path);

async function sentenceOf(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `The mock answered ${answer.status}.`;
  }
}
