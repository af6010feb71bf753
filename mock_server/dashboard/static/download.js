/** Downloads the answer of a control call as a file. It uses fetch, because a link cannot send the control token. */

import { open } from "./api.js";
import { h } from "./dom.js";

export async function download(path, name) {
  const answer = await open("GET", path);
  const url = URL.createObjectURL(await answer.blob());
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // after the browser has read it
}
