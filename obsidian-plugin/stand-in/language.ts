/** The language that the app is set to. */
export const language = { tag: "en" };
