/** What makes a missing part loud: asking an object of the stand-in for a member it lacks throws, naming the member. */

// What engines and test tools ask of any object: promises, JSON, matchers, serialisers.
const ASKED_OF_ANYTHING = new Set(["then", "catch", "toJSON", "nodeType", "tagName", "asymmetricMatch", "$$typeof", "length", "splice", "inspect"]);

const isMember = (name: string | symbol): name is string => typeof name === "string" && !ASKED_OF_ANYTHING.has(name);

export function missing(what: string): Error {
  return new Error(`The stand-in for Obsidian has no ${what}. Obsidian may have it: add it in stand-in/, as faithful as it is used.`);
}

// Members that Obsidian declares as optional, which it looks for on what plugins give it.
const OPTIONAL = new Set(["onExternalSettingsChange", "onMouseOver"]);

/** Base of every class of the stand-in. The end of its prototype chain throws, so own and inherited members cost nothing. */
export class Strict {}

Object.setPrototypeOf(
  Strict.prototype,
  new Proxy(Object.prototype, {
    get(plain, name, asked: object) {
      if (name in plain || !isMember(name) || OPTIONAL.has(name)) return Reflect.get(plain, name, asked) as unknown;
      throw missing(`member "${name}" on ${className(asked)}`);
    },
  }),
);

function className(asked: object): string {
  let prototype: unknown = Object.getPrototypeOf(asked);
  const names: string[] = [];
  while (prototype !== null && prototype !== Object.prototype && names.length < 6) {
    const name = (Object.getOwnPropertyDescriptor(prototype, "constructor")?.value as { name?: string } | undefined)?.name;
    if (name === "Strict") break;
    if (name !== undefined && name.length > 1) names.push(name);
    prototype = Object.getPrototypeOf(prototype) as unknown;
  }
  return names.join(" < ") || "an object";
}

/** A plain record (a module, a namespace) whose missing members throw. */
export function strictRecord<T extends object>(what: string, record: T): T {
  return new Proxy(record, {
    get(own, name, asked) {
      if (name in own || !isMember(name) || name === "__esModule" || name === "default") return Reflect.get(own, name, asked) as unknown;
      throw missing(`${what} "${name}"`);
    },
  });
}
