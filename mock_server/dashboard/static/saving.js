/** Saves what a control call answers as a file. By fetch, for a link cannot carry the control token. */

import { open } from "./api.js";
import { h } from "./dom.js";

export async function save(path, name) {
  const answer = await open("GET", path);
  const url = URL.createObjectURL(await answer.blob());
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // once the browser has read it
}
