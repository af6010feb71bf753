/**
 * Server-sent events by fetch, for EventSource cannot send the control token.
 *
 * Goes on from the last event after a loss. If the mock was started anew meanwhile, its ids begin again: then the
 * listener is told to forget what it has.
 */

import { get, open, Refused } from "./api.js";

const SILENCE = 40_000; // the mock says something every 15 s
const PAUSES = [500, 1000, 2000, 4000, 8000];
const PLACE = /^(\d+)\.(\d+)$/;

/**
 * Follows the events of the space for ever.
 *
 * `told(kind, data)` takes each event, `state(word, why)` is told `connecting`, `live` or `lost`, `last()` gives the
 * newest exchange that the listener has, and `forget()` makes it empty.
 */
export async function follow({ told, state, last, forget }) {
  let place = null;
  for (let losses = 0; ; losses += 1) {
    let why = "";
    try {
      state(losses ? "lost" : "connecting");
      if (place !== null && !(await stillKnown(last()))) {
        place = null;
        forget();
      }
      for await (const event of events(place, () => state("live"))) {
        losses = 0;
        place = PLACE.test(event.id) ? event.id : place;
        try {
          told(event.kind, JSON.parse(event.data));
        } catch (error) {
          reportError(error); // a mistake of the page, not a loss of the connection
        }
      }
    } catch (error) {
      if (error instanceof Refused) why = error.message;
    }
    state("lost", why);
    await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(losses, PAUSES.length - 1)]));
  }
}

/** Whether the mock still has that exchange, and as the listener knows it. */
async function stillKnown(exchange) {
  if (!exchange) return true;
  const { exchanges } = await get(`/exchanges?after=${exchange.id - 1}&limit=1`);
  return exchanges[0]?.id === exchange.id && exchanges[0].wall === exchange.wall;
}

async function* events(place, opened) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  const answer = await open("GET", place === null ? "/events?view=summary&after=0" : "/events?view=summary", {
    headers: place === null ? {} : { "last-event-id": place },
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
      timer = setTimeout(() => silence.abort(), SILENCE);
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

/** The fields that the mock writes, one on a line each; null for comments. */
function eventOf(block) {
  const event = { id: "", kind: "message", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) event.id = line.slice(4);
    else if (line.startsWith("event: ")) event.kind = line.slice(7);
    else if (line.startsWith("data: ")) event.data = line.slice(6);
  }
  return event.data ? event : null;
}
