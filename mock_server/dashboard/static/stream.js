/**
 * Server-sent events by fetch, because EventSource cannot send the control token.
 *
 * After a lost connection, the stream continues after the last event. If the mock was restarted meanwhile, its ids
 * start again, and the stream calls `forget()`.
 */

import { get, open, Refused } from "./api.js";

const SILENCE_MS = 40_000; // the mock sends a comment every 15 s
const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const POSITION = /^(\d+)\.(\d+)$/;

/**
 * Follows the events of the space, without end.
 *
 * `onEvent(kind, data)` receives each event; `state(word, reason)` receives `connecting`, `live` or `lost`; `last()`
 * returns the newest exchange of the listener; `forget()` deletes all its exchanges.
 */
export async function follow({ onEvent, state, last, forget }) {
  let position = null;
  for (let losses = 0; ; losses += 1) {
    let reason = "";
    try {
      state(losses ? "lost" : "connecting");
      if (position !== null && !(await isUnchanged(last()))) {
        position = null;
        forget();
      }
      for await (const event of events(position, () => state("live"))) {
        losses = 0;
        position = POSITION.test(event.id) ? event.id : position;
        try {
          onEvent(event.kind, JSON.parse(event.data));
        } catch (error) {
          reportError(error); // an error of the page, not a lost connection
        }
      }
    } catch (error) {
      if (error instanceof Refused) reason = error.message;
    }
    state("lost", reason);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(losses, RETRY_MS.length - 1)]));
  }
}

/** Returns true if the mock still has the same exchange as the listener. */
async function isUnchanged(exchange) {
  if (!exchange) return true;
  const { exchanges } = await get(`/exchanges?after=${exchange.id - 1}&limit=1`);
  return exchanges[0]?.id === exchange.id && exchanges[0].wall === exchange.wall;
}

async function* events(position, opened) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const answer = await open("GET", position === null ? "/events?view=summary&after=0" : "/events?view=summary", {
    headers: position === null ? {} : { "last-event-id": position },
    signal: silence.signal,
  });
  opened();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const blocks = (text + value).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const event = eventOf(block);
        if (event) yield event;
      }
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** Returns the event in a block of lines; null for a comment. */
function eventOf(block) {
  const event = { id: "", kind: "message", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) event.id = line.slice(4);
    else if (line.startsWith("event: ")) event.kind = line.slice(7);
    else if (line.startsWith("data: ")) event.data = line.slice(6);
  }
  return event.data ? event : null;
}
