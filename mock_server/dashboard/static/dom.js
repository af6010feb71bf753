/** Makes and updates elements. Strings become text, never markup: that is all that keeps requests from being pages. */

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (`onclick` and the like are listeners; null and false are left out) and children. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** As `h`, for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets the text of an element only where it differs, so that what is selected or read aloud stays. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of a container those of `items`: elements are kept by key, so focus and open details survive.
 * `make(item)` gives an element with a method `show(item)`.
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
