/** The control token: asked for when the mock wants one, and kept for as long as the tab is open. */

import { h, say } from "./dom.js";

const KEY = "pass-harness control token";
let asking = null;

export const token = () => sessionStorage.getItem(KEY);

export function forget() {
  sessionStorage.removeItem(KEY);
  location.reload();
}

/** Asks for a token, once for all calls that wait for one; `refused` is the token that did not do. */
export function ask(refused) {
  if (token() !== refused) return Promise.resolve(); // another call has asked meanwhile
  asking ??= form(refused !== null).finally(() => (asking = null));
  return asking;
}

function form(wrong) {
  return new Promise((resolve) => show(wrong, resolve));
}

function show(wrong, done) {
  const problem = h("p", { class: "problem", role: "alert", id: "token-problem" });
  const input = h("input", {
    id: "control-token", type: "password", autocomplete: "off", required: true, autofocus: true,
    "aria-describedby": "token-problem", "aria-invalid": wrong ? "true" : null,
  });
  const dialog = h("dialog", { class: "asking", "aria-labelledby": "token-title", oncancel: (event) => event.preventDefault() },
    h("form", { onsubmit: submit },
      h("h2", { id: "token-title" }, "This mock wants its control token"),
      h("p", {}, "The one that ", h("code", {}, "pass-mock serve --control-token"), " was started with. It is kept until this tab is closed."),
      h("label", { for: "control-token" }, "Control token"), input, problem,
      h("div", { class: "actions" }, h("button", { class: "primary" }, "Continue"))));
  function submit(event) {
    event.preventDefault();
    sessionStorage.setItem(KEY, input.value);
    dialog.close();
    dialog.remove();
    done();
  }
  document.body.append(dialog);
  dialog.showModal();
  if (wrong) say(problem, "That was not the token. Please try again.");
}
