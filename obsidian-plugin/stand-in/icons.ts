/** Icons: a plain drawing for each that is used, so that buttons have their size and a test sees which icon was asked for. */

const ADDED = new Map<string, string>();
// Names of Lucide 0.446, the set that Obsidian has, and no others; each as a drawing of our own.
const PATHS: Record<string, string> = {
  activity: "M3 12h4l3 8 4-16 3 8h4", "arrow-right": "M5 12h14M13 6l6 6-6 6", "arrow-up": "M12 19V5M6 11l6-6 6 6", check: "M5 12l5 5 9-10",
  "chevron-down": "M6 9l6 6 6-6", "chevron-right": "M9 6l6 6-6 6", "circle-help": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9 10a3 3 0 1 1 3 3v1M12 17v.5", copy: "M8 8h12v12H8zM4 16V4h12",
  drama: "M4 4h10v7a5 5 0 0 1-10 0zM7 8v.5M11 8v.5M7 11h4M17 9h4v7a5 5 0 0 1-9 3", "ellipsis-vertical": "M12 5v.5M12 12v.5M12 19v.5", expand: "M9 15l-6 6M3 15v6h6M15 9l6-6M21 9V3h-6", eye: "M2 12q10-14 20 0-10 14-20 0M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  file: "M6 3h8l4 4v14H6z", "file-plus": "M6 3h8l4 4v14H6zM9 14h6M12 11v6", "file-plus-2": "M6 10V3h8l4 4v14H8M2 15h6M5 12v6", "file-text": "M6 3h8l4 4v14H6zM9 12h6M9 16h6",
  folder: "M3 6h6l2 3h10v10H3z", "folder-plus": "M3 6h6l2 3h10v10H3zM9 14h6M12 11v6", hash: "M9 4 7 20M17 4l-2 16M4 9h16M4 15h16", history: "M4 12a8 8 0 1 0 2-5L4 9M4 4v5h5M12 8v4l3 2",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v6M12 7v.5", languages: "M3 6h9M7 4v2M4 13q6-2 6-7M5 8q2 4 6 5M12 20l4-10 4 10M13 17h6",
  link: "M9 15l6-6M8 12l-3 3a4 4 0 0 0 5 5l3-3M16 12l3-3a4 4 0 0 0-5-5l-3 3", "link-2": "M9 7H7a5 5 0 0 0 0 10h2M15 7h2a5 5 0 0 1 0 10h-2M8 12h8", "link-2-off": "M9 17H7A5 5 0 0 1 6 7M15 7h2a5 5 0 0 1 4 8M8 12h4M3 3l18 18",
  list: "M9 6h11M9 12h11M9 18h11M4 6v.5M4 12v.5M4 18v.5", "list-checks": "M11 6h9M11 12h9M11 18h9M3 6l2 2 3-4M3 17l2 2 3-4", "list-tree": "M4 5h4M8 5h12M12 12h8M12 19h8M5 5v14h4M5 12h4",
  "message-circle-question": "M12 3a9 9 0 1 1-5 16l-4 2 1-5A9 9 0 0 1 12 3M10 10a2 2 0 1 1 2 2v1M12 16v.5", "message-square": "M4 5h16v11H9l-5 4z", pencil: "M4 20l1-5L16 4l4 4L9 19z", pin: "M12 16v6M8 3h8l-1 7 4 4v2H5v-2l4-4z", plus: "M12 5v14M5 12h14",
  "refresh-cw": "M20 8a8 8 0 1 0 1 6M20 3v5h-5", save: "M4 4h12l4 4v12H4zM8 4v5h7M8 20v-7h8v7", search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l5 5", send: "M4 12 20 4l-4 16-4-7z", settings: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v4M12 18v4M2 12h4M18 12h4",
  shrink: "M21 3l-6 6M15 4v5h5M3 21l6-6M9 20v-5H4", "spell-check": "M4 16 8 5l4 11M5 12h6M13 18l3 3 5-7", square: "M6 6h12v12H6z", text: "M4 6h16M4 12h16M4 18h10", "text-cursor-input": "M10 7H3v10h7M14 7h7v10h-7M12 4v16M10 4h4M10 20h4",
  "text-search": "M4 6h16M4 12h6M4 18h6M16 12a3 3 0 1 0 0 6 3 3 0 0 0 0-6M18 17l3 3", "text-select": "M4 4h2M10 4h4M18 4h2v2M20 10v4M20 18v2h-2M14 20h-4M6 20H4v-2M4 14v-4M4 6V4M8 9h8M8 15h5", trash: "M5 7h14M9 7V4h6v3M7 7l1 14h8l1-14", "trash-2": "M5 7h14M9 7V4h6v3M7 7l1 14h8l1-14M10 11v6M14 11v6",
  wand: "M4 20 15 9M18 3v4M16 5h4M19 12v3M8 4v3M6 5h4", waypoints: "M12 3a2 2 0 1 0 0 4 2 2 0 0 0 0-4M4 11a2 2 0 1 0 0 4 2 2 0 0 0 0-4M20 11a2 2 0 1 0 0 4 2 2 0 0 0 0-4M12 17a2 2 0 1 0 0 4 2 2 0 0 0 0-4M10 7l-4 4M14 7l4 4M6 13h12M18 15l-4 3", x: "M6 6 18 18M18 6 6 18",
};

const prefixed = (id: string): string => id.replace(/^lucide-/, "");

export function getIcon(given: string): SVGSVGElement | null {
  const id = prefixed(given);
  // Obsidian draws nothing for a name that it does not know.
  if (!(id in PATHS) && !ADDED.has(given)) {
    console.error(`No icon is called ${given}`);
    return null;
  }
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", ADDED.has(given) ? "0 0 100 100" : "0 0 24 24");
  svg.setAttribute("class", `svg-icon ${ADDED.has(given) ? given : `lucide-${id}`}`);
  for (const [name, value] of Object.entries({ width: "24", height: "24", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" })) svg.setAttribute(name, value);
  svg.innerHTML = ADDED.get(given) ?? `<path d="${PATHS[id]}"/>`;
  return svg;
}

export function setIcon(parent: HTMLElement, id: string): void {
  const icon = id === "" ? null : getIcon(id);
  parent.replaceChildren(...(icon === null ? [] : [icon]));
}

export function addIcon(id: string, content: string): void {
  ADDED.set(id, content);
}

export function removeIcon(id: string): void {
  ADDED.delete(id);
}

export const getIconIds = (): string[] => [...ADDED.keys(), ...Object.keys(PATHS).map((id) => `lucide-${id}`)];
