/** Whether a key belongs to an input method that composes: Enter then takes its proposal, and is no answer to anything. */

export function composes(event: KeyboardEvent): boolean {
  // Safari, and with it Obsidian on an iPhone, has ended the composition by the time of that Enter, and gives this code.
  return event.isComposing || Reflect.get(event, "keyCode") === 229;
}
