/** Icons: a plain drawing for every name, so that buttons have their size and a test sees which icon was asked for. */

const ADDED = new Map<string, string>();
const PATHS: Record<string, string> = {
  x: "M6 6 18 18M18 6 6 18", plus: "M12 5v14M5 12h14", check: "M5 12l5 5 9-10", search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l5 5",
  copy: "M8 8h12v12H8zM4 16V4h12", send: "M4 12 20 4l-4 16-4-7z", "arrow-up": "M12 19V5M6 11l6-6 6 6", square: "M6 6h12v12H6z", "refresh-cw": "M20 8a8 8 0 1 0 1 6M20 3v5h-5",
  settings: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v4M12 18v4M2 12h4M18 12h4", "message-square": "M4 5h16v11H9l-5 4z", file: "M6 3h8l4 4v14H6z", link: "M9 15l6-6M8 12l-3 3a4 4 0 0 0 5 5l3-3M16 12l3-3a4 4 0 0 0-5-5l-3 3",
  "chevron-down": "M6 9l6 6 6-6", "chevron-right": "M9 6l6 6-6 6", info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v6M12 7v.5", "more-vertical": "M12 5v.5M12 12v.5M12 19v.5", trash: "M5 7h14M9 7V4h6v3M7 7l1 14h8l1-14",
};

const prefixed = (id: string): string => id.replace(/^lucide-/, "");

export function getIcon(given: string): SVGSVGElement {
  const id = prefixed(given);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", ADDED.has(given) ? "0 0 100 100" : "0 0 24 24");
  svg.setAttribute("class", `svg-icon ${ADDED.has(given) ? given : `lucide-${id}`}`);
  for (const [name, value] of Object.entries({ width: "24", height: "24", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" })) svg.setAttribute(name, value);
  svg.innerHTML = ADDED.get(given) ?? `<path d="${PATHS[id] ?? "M5 5h14v14H5zM9 12h6"}"/>`;
  return svg;
}

export function setIcon(parent: HTMLElement, id: string): void {
  parent.replaceChildren(...(id === "" ? [] : [getIcon(id)]));
}

export function addIcon(id: string, content: string): void {
  ADDED.set(id, content);
}

export function removeIcon(id: string): void {
  ADDED.delete(id);
}

export const getIconIds = (): string[] => [...ADDED.keys(), ...Object.keys(PATHS).map((id) => `lucide-${id}`)];
