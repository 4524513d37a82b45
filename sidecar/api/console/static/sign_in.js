// Signing in: with the link that the page was opened with, or with one that is pasted into it.

import { fill, h } from "./dom.js";
import { copyButton, say } from "./keyboard.js";
import { signIn } from "./server.js";
import { t } from "./texts.js";

const CODE = /^[A-Za-z0-9_-]{20,200}$/;
const COMMAND = "sidecar console";

/** The code in the page's address, which it is taken out of at once; null without one. */
export function takeCode() {
  const code = codeIn(location.hash);
  if (location.hash.startsWith("#sign-in=")) history.replaceState(null, "", "/");
  return code;
}

/** The code in what somebody pasted: a whole link, its end, or the code alone. */
function codeIn(text) {
  const code = text.trim().replace(/^.*#sign-in=/, "");
  return CODE.test(code) ? code : null;
}

/** Show how to sign in, with what went wrong. `done` is called after a sign-in. */
export function showSignIn(place, { problem = null, done }) {
  const input = h("input", {
    id: "code", type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
    "aria-describedby": "code-problem",
  });
  const told = h("p", { id: "code-problem", class: "problem", role: "alert" }, problem);
  const form = h("form", { class: "row" }, input, h("button", { type: "submit" }, t("sign_in.submit")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const refused = await enter(codeIn(input.value));
    fill(told, refused);
    if (refused === null) done();
    else input.focus();
  });
  fill(
    place,
    h("h1", {}, t("sign_in.title")),
    h("p", { class: "lead" }, t("sign_in.why")),
    h("p", {}, t("sign_in.how")),
    h("p", { class: "command" }, h("code", {}, COMMAND), copyButton(() => COMMAND, COMMAND)),
    h("p", { class: "soft" }, t("sign_in.rules")),
    h("label", { for: "code" }, t("sign_in.paste")),
    form,
    told,
  );
}

/** Sign in with a code; null, or what went wrong. */
export async function enter(code) {
  if (code === null) return t("sign_in.no_code");
  try {
    await signIn(code);
  } catch (problem) {
    return t(problem.kind === "gone" ? "page.gone" : "sign_in.refused");
  }
  say(t("sign_in.done"));
  return null;
}
