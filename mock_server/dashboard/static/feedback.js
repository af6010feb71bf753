/** Messages to the user: confirmations, notices and errors. */

import { Refused } from "./api.js";
import { h, setText } from "./dom.js";

const SHOWN_MS = 6000;
const notice = document.getElementById("notice");
let hiding = 0;

/** Shows a notice for some seconds; screen readers read it out. */
export function notify(sentence) {
  clearTimeout(hiding);
  // A modal dialog covers everything outside of it.
  (document.querySelector("dialog[open]") ?? document.body).append(notice);
  setText(notice, sentence);
  hiding = setTimeout(() => setText(notice, ""), SHOWN_MS);
}

/** Runs the action of a form or button, and shows an error of the mock in `problem`. */
export async function attempt(problem, work) {
  setText(problem, "");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    setText(problem, error.message);
    problem.scrollIntoView({ block: "nearest" }); // it may be below the visible part of a panel
  }
}

/** Asks the user to confirm an action; resolves to true or false. */
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
