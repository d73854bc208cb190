// What the parts of the page share: building and renewing elements, asking the service. Foreign text only ever becomes text nodes and attribute values.

const MARKS = {
  confirmed: "●", "one-sided": "◐", inferred: "○", contradicted: "▲", stale: "◇", gone: "✕",
  working: "●", started: "◐", deaf: "▲", suspended: "◇", stopped: "✕",
  problem: "■", warning: "▲", info: "○",
  done: "●", failed: "■", decide: "▲", running: "◐", cancelled: "✕", answering: "●", silent: "◇", estranged: "▲", leaving: "◐", "not-asked": "○", "to-come": "○",
  live: "●", waiting: "◐", lost: "✕",
};

export const byId = (id) => document.getElementById(id);

export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

/** Makes `from` look like `to` by the fewest changes, so that focus, selection and opened details stay. */
export function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeName !== to.nodeName || from.nodeType !== Node.ELEMENT_NODE) return from.replaceWith(to);
  for (const { name, value } of [...to.attributes]) from.setAttribute(name, value);
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
  const keyed = new Map([...from.children].filter((child) => child.dataset.key).map((child) => [child.dataset.key, child]));
  let cursor = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = wanted.dataset?.key;
    const match = key ? keyed.get(key) : cursor && !cursor.dataset?.key ? cursor : null;
    if (!match) {
      from.insertBefore(wanted, cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else from.insertBefore(match, cursor);
    morph(match, wanted);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

export const marked = (state, words = state) => h("span", { class: `state ${state}` }, h("span", { class: "mark", "aria-hidden": "true" }, MARKS[state] ?? "?"), words);

export const localTime = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
export const timeOf = (time) => h("time", { datetime: time, title: time }, localTime(time));
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** The JSON of an answer; throws a problem (RFC 9457), also where no answer came. */
export async function ask(path, options) {
  const response = await fetch(path, options).catch(() => {
    throw { status: 0, title: "The service has not answered", detail: "See whether it still runs." };
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  throw await response.json().catch(() => ({ status: response.status, title: "The service has failed", detail: `HTTP status ${response.status}` }));
}
