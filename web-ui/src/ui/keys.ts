/** Shortcuts of the whole page: single keys that work wherever nobody types. */

/** What single keys do, by `KeyboardEvent.key`. */
export type Shortcuts = Record<string, () => void>;

/** True where a key press belongs to the thing that it is pressed in. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) return !["button", "checkbox", "radio", "range", "submit", "reset"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** True where a press is meant for the page: no modifier but those that a layout needs to make the character. */
export function isForPage(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing || event.metaKey) return false;
  // Many layouts make "[" with AltGr, which some systems report as Ctrl and Alt.
  const isAltGraph = event.getModifierState("AltGraph");
  if (!isAltGraph && (event.ctrlKey || event.altKey)) return false;
  if (isTyping(event.target)) return false;
  return document.querySelector("dialog[open], [role='dialog'][aria-modal='true'], [popover]:popover-open") === null;
}

/** Listens for shortcuts until the returned function is called: made for `$effect(() => shortcuts({ … }))`. */
export function shortcuts(keys: Shortcuts): () => void {
  const press = (event: KeyboardEvent): void => {
    const act = keys[event.key];
    if (!act || !isForPage(event)) return;
    event.preventDefault();
    act();
  };
  window.addEventListener("keydown", press);
  return () => window.removeEventListener("keydown", press);
}
