/** What the page asks and tells its user: whether to do something, that it was done, or why it was not. */

import { Refused } from "./api.js";
import { h, say } from "./dom.js";

const SHOWN = 6000; // ms
const notice = document.getElementById("notice");
let hiding = 0;

/** Tells that something was done, on the page and to screen readers. */
export function tell(sentence) {
  clearTimeout(hiding);
  say(notice, sentence);
  hiding = setTimeout(() => say(notice, ""), SHOWN);
}

/** Does what a form or a button is for; what the mock refuses is said in `problem`. */
export async function attempt(problem, work) {
  say(problem, "");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(problem, error.message);
  }
}

/** Whether the user wants to. */
export function confirmed(question, consequence, verb) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "asking", "aria-labelledby": "asking-title" },
      h("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); dialog.close(event.submitter.value); } },
        h("h2", { id: "asking-title" }, question), h("p", {}, consequence),
        h("div", { class: "actions" }, h("button", { class: "primary", value: "yes" }, verb), h("button", { value: "" }, "Cancel"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
