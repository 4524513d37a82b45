// What a browser keeps for the page. Where it keeps nothing, as with site data blocked, the page remembers for itself.

export const local = guarded(() => window.localStorage);
export const session = guarded(() => window.sessionStorage);

/** A store whose calls never throw: a browser that forbids it throws already when it is named. */
function guarded(store) {
  const beside = new Map();
  const tried = (action, otherwise) => {
    try {
      return action(store());
    } catch {
      return otherwise();
    }
  };
  return {
    get: (name) => tried((kept) => kept.getItem(name), () => null) ?? beside.get(name) ?? null,
    set: (name, value) => tried((kept) => kept.setItem(name, value), () => beside.set(name, value)),
    remove: (name) => {
      beside.delete(name);
      tried((kept) => kept.removeItem(name), () => null);
    },
  };
}
