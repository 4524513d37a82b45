// Elements, made one by one. Text becomes text and nothing else: there is no way from a string to markup in this page.

const SVG = "http://www.w3.org/2000/svg";
const HANDLER = /^on/;

/** Make an element. `props`: attributes, `class`, and `on…` for listeners; false, null and undefined leave one out. */
export function h(tag, props = {}, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** As `h`, for SVG. */
export function svg(tag, props = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

/** Put these in the place of what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  return filled(element, {}, children);
}

/** Text of a note, a model or a person, whose writing may run either way and must not turn what is around it. */
export function foreign(text, tag = "bdi") {
  return h(tag, tag === "bdi" ? {} : { dir: "auto" }, text);
}

/** A link that may leave the page, or its words alone where the address is not one that may be opened. */
export function link(address, ...children) {
  const href = safeAddress(address);
  if (href === null) return h("span", {}, ...children);
  const away = href.startsWith("obsidian:") ? {} : { target: "_blank", rel: "noopener noreferrer" };
  return h("a", { href, ...away }, ...children);
}

/**
 * The address as a browser will open it; null for what is not to be opened. Of Obsidian's addresses only the one that
 * shows a note: others run commands of its plugins, and write.
 */
export function safeAddress(address) {
  if (typeof address !== "string" || address.length > 4000) return null;
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (url.protocol === "obsidian:") return /^obsidian:\/\/open\/?\?/.test(url.href) ? url.href : null;
  if (url.username || url.password) return null;
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
}

function filled(element, props, children) {
  // One by one: a call takes no more than some 100,000 arguments.
  for (const child of children.flat(Infinity)) if (shown(child)) element.append(child);
  // Afterwards: with `dir="auto"`, Chromium looks through what is there for each child that comes.
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (HANDLER.test(name)) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  return element;
}

function shown(child) {
  return child !== false && child !== null && child !== undefined && child !== "";
}
