import { afterEach, expect, test, vi } from "vitest";
import { shortcuts } from "./keys";

afterEach(() => {
  document.body.replaceChildren();
});

function press(target: EventTarget, init: KeyboardEventInit): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event;
}

test("a key acts on the page, once, and no more after the end", () => {
  const act = vi.fn();
  const end = shortcuts({ "/": act });
  expect(press(document.body, { key: "/" }).defaultPrevented).toBe(true);
  press(document.body, { key: "x" });
  expect(act).toHaveBeenCalledTimes(1);
  end();
  press(document.body, { key: "/" });
  expect(act).toHaveBeenCalledTimes(1);
});

test("typing, modifiers and dialogs keep their keys", () => {
  const act = vi.fn();
  const end = shortcuts({ "[": act });
  const input = document.body.appendChild(document.createElement("input"));
  press(input, { key: "[" });
  press(document.body, { key: "[", ctrlKey: true });
  press(document.body, { key: "[", metaKey: true });
  const dialog = document.body.appendChild(document.createElement("dialog"));
  dialog.setAttribute("open", "");
  press(document.body, { key: "[" });
  expect(act).not.toHaveBeenCalled();
  dialog.remove();
  const box = document.body.appendChild(document.createElement("input"));
  box.type = "checkbox";
  press(box, { key: "[" });
  expect(act).toHaveBeenCalledTimes(1);
  end();
});
