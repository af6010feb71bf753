/** The control token: requested from the user when the mock requires one, and kept until the tab is closed. */

import { h, setText } from "./dom.js";

const KEY = "pass-harness control token";
let pending = null;

export const token = () => sessionStorage.getItem(KEY);

export function forget() {
  sessionStorage.removeItem(KEY);
  location.reload();
}

/** Requests a token from the user, once for all waiting calls; `refused` is the token that the mock refused. */
export function requestToken(refused) {
  if (token() !== refused) return Promise.resolve(); // the user entered a token meanwhile
  pending ??= form(refused !== null).finally(() => (pending = null));
  return pending;
}

function form(isRetry) {
  return new Promise((resolve) => show(isRetry, resolve));
}

function show(isRetry, done) {
  const problem = h("p", { class: "problem", role: "alert", id: "token-problem" });
  const input = h("input", {
    id: "control-token", type: "password", autocomplete: "off", required: true, autofocus: true,
    "aria-describedby": "token-problem", "aria-invalid": isRetry ? "true" : null,
  });
  const dialog = h("dialog", { class: "asking", "aria-labelledby": "token-title", oncancel: (event) => event.preventDefault() },
    h("form", { onsubmit: submit },
      h("h2", { id: "token-title" }, "This mock requires its control token"),
      h("p", {}, "Enter the value of ", h("code", {}, "pass-mock serve --control-token"), ". The page keeps it until you close this tab."),
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
  if (isRetry) setText(problem, "The token is wrong. Please try again.");
}
