/** The state of the page in its URL, so that a reload keeps it and a link shares it: `filter` and `exchange`. */

/** Returns the value of a parameter of the URL, or an empty string. */
export const fromUrl = (name) => new URLSearchParams(location.search).get(name) ?? "";

/** Returns the URL of the page with some parameters changed; an empty value removes a parameter. */
export function urlWith(changes) {
  const parameters = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) parameters.set(name, value);
    else parameters.delete(name);
  }
  const query = parameters.toString();
  return query ? `?${query}` : location.pathname;
}

/** Changes parameters of the URL without a new entry in the history of the browser. */
export const keep = (changes) => history.replaceState(null, "", urlWith(changes));

/** Creates the listener of a link that acts in this page, unless the user opens it in another tab. */
export const inPage = (act) => (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  act();
};
