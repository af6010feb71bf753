/**
 * Creates and updates elements. Strings become text, never markup; this prevents HTML injection from requests. Control
 * characters in them are shown escaped, so that a request cannot reverse or hide what is around it.
 */

const SVG = "http://www.w3.org/2000/svg";
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Creates an element with attributes (functions such as `onclick` are listeners; null and false are omitted) and children. */
export function h(tag, attributes = {}, ...children) {
  return withContent(document.createElement(tag), attributes, children);
}

/** Creates an SVG element, as `h` does for HTML. */
export function svg(tag, attributes = {}, ...children) {
  return withContent(document.createElementNS(SVG, tag), attributes, children);
}

function withContent(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, printable(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined).map(printable));
  return element;
}

/** Sets the text of an element only if it differs, so that selections and screen readers are not disturbed. */
export function setText(element, content) {
  const text = printable(content);
  if (element.textContent !== text) element.textContent = text;
}

/** Returns a string with its control characters escaped, except line feeds and tabs; other values unchanged. */
export function printable(value) {
  if (typeof value !== "string") return value;
  return value.replace(/\r\n/g, "\n").replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * Updates the children of a container to show `items`. Elements with the same key stay, with focus and open details.
 * `make(item)` creates an element with a method `show(item)`.
 */
export function reconcile(container, items, keyOf, make) {
  const kept = new Map([...container.children].map((child) => [child.key, child]));
  let next = container.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = kept.get(key);
    kept.delete(key);
    if (!child) {
      child = make(item);
      child.key = key;
    }
    if (child === next) next = next.nextElementSibling;
    else container.insertBefore(child, next);
    child.show(item);
  }
  for (const gone of kept.values()) gone.remove();
}
