// The one way to the server: the session's key, errors that can be shown, and what to do when it does not answer.

import { session } from "./store.js";

const STORE = "sidecar-session";
const WAITS = [1, 2, 4, 8, 15, 30];

/** What went wrong. `kind`: `gone` (no answer), `signed_out`, or `refused`, with the server's own words. */
export class Problem extends Error {
  constructor(kind, message = "", { status = 0, code = null } = {}) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.code = code;
  }
}

const listeners = { gone: [], back: [], signed_out: [] };
let away = null;

/** Hear of `gone` (the server does not answer; again each second, with `seconds`), `back` and `signed_out`. */
export function on(event, listener) {
  listeners[event].push(listener);
}

function tell(event, told) {
  for (const listener of listeners[event]) listener(told);
}

export function key() {
  return session.get(STORE);
}

/** Send a request. Gives the answer when it is one, else throws a Problem; an aborted one throws as fetch does. */
export async function send(path, { body, signal } = {}) {
  const headers = { accept: "application/json" };
  if (key()) headers.authorization = `Bearer ${key()}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const method = body === undefined ? "GET" : "POST";
  const options = { method, headers, signal, credentials: "omit", redirect: "error", cache: "no-store" };
  let answer;
  try {
    answer = await fetch(path, { ...options, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Problem("gone");
  }
  if (answer.ok) return answer;
  const problem = await described(answer);
  if (problem.kind === "signed_out") tell("signed_out");
  throw problem;
}

/** As `send`, for the JSON of the answer. */
export async function ask(path, options) {
  const answer = await send(path, options);
  try {
    return await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Problem("gone");
  }
}

/** Whether the server asks for a key: only then it proves to hold one. True where it does not answer. */
export async function asksKey() {
  const answer = await fetch("/healthz?nonce=is-a-key-asked-for", { cache: "no-store" }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  return told?.status !== "ok" || "proof" in told;
}

/** Exchange the code of a link for a session. Throws a Problem, `refused` with the code `sign_in_refused`. */
export async function signIn(code) {
  const answer = await fetch("/console/sign-in", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
    credentials: "omit",
  }).catch(() => null);
  if (answer === null) {
    lost();
    throw new Problem("gone");
  }
  if (!answer.ok) throw new Problem("refused", "", { status: answer.status, code: "sign_in_refused" });
  session.set(STORE, (await answer.json()).key);
}

/** End the session, here in any case. */
export async function signOut() {
  try {
    await send("/console/sign-out", { body: {} });
  } catch {
    // Signed out already, or the server is gone and its sessions with it.
  }
  session.remove(STORE);
}

export function forget() {
  session.remove(STORE);
}

async function described(answer) {
  const error = await answer.json().then((body) => body?.error, () => null);
  const kind = answer.status === 401 ? "signed_out" : "refused";
  const message = typeof error?.message === "string" ? error.message : typeof error === "string" ? error : "";
  return new Problem(kind, message, { status: answer.status, code: error?.code ?? null });
}

/** The server did not answer: ask whether it lives, at longer and longer intervals, until it does. */
export function lost() {
  if (away !== null) return;
  away = { tries: 0, seconds: 0, timer: null };
  wait();
}

export function retryNow() {
  if (away === null || away.timer === null) return;
  clearTimeout(away.timer);
  knock();
}

function wait() {
  away.seconds = WAITS[Math.min(away.tries, WAITS.length - 1)];
  away.tries += 1;
  tick();
}

function tick() {
  tell("gone", { seconds: away.seconds, first: away.tries === 1 });
  away.timer = setTimeout(() => {
    away.seconds -= 1;
    if (away.seconds > 0) tick();
    else knock();
  }, 1000);
}

async function knock() {
  away.timer = null;
  tell("gone", { seconds: 0 });
  const lives = await fetch("/healthz", { cache: "no-store" }).then((answer) => answer.ok, () => false);
  if (!lives) {
    wait();
    return;
  }
  away = null;
  tell("back");
}
