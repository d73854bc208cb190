// Weft's own Matter fabric: entering codes, watching devices join, the devices that have joined.

import { ask, byId, count, h, localTime, marked, morph } from "/elements.js";

const STEPS = {
  find: "find it on the network", connect: "prove the code to each other", attest: "look at its certificate",
  credentials: "give it credentials", session: "meet it as one of ours", complete: "finish",
};
const JOBS = { waiting: "waiting", running: "joining", done: "joined", failed: "did not join", decide: "your decision is needed", cancelled: "given up" };
const DEVICES = { "not-asked": "not asked yet", answering: "answers", silent: "does not answer", estranged: "says that it is not ours any more", leaving: "is being told that Weft leaves" };
const MAX_SIDE_PIXELS = 2500;
const SENT_AS_IT_IS = ["image/png", "image/jpeg", "image/webp"];
const JOBS_SHOWN = 60;
const SAID_BY_NAME = 3;

let fabric = null;
/** Jobs by id with the state that was last said aloud. */
const said = new Map();

const isOver = (job) => job.state !== "waiting" && job.state !== "running";
const jobName = (job) => job.name ?? `Device with the code ${job.code}`;
const deviceName = (device) => device.name ?? `Device ${device.node}`;
const span = (milliseconds) => (milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`);
const button = (action, id, words, about) => h("button", { type: "button", "data-action": action, "data-id": String(id), "aria-label": `${words}: ${about}` }, words);

/** Says something to those who look and those who listen. */
function tell(words) {
  byId("fabric-said").textContent = words;
}

const post = (path, body) => ask(`/api/v1/fabric/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

// ---- What is shown ----

function step(job, { step, state, milliseconds }) {
  const time = milliseconds === null || milliseconds === undefined ? null : h("span", { class: "quiet" }, ` ${span(milliseconds)}`);
  return h("li", { "data-key": step, "aria-current": state === "running" ? "step" : null }, marked(state === "waiting" ? "to-come" : state, ""), STEPS[step] ?? step, h("span", { class: "unseen" }, `: ${state}`), time);
}

function jobItem(job) {
  const lacking = job.attestation.filter((check) => check.outcome !== "proven");
  const checks = lacking.length > 0 && h("details", { "data-key": "checks" },
    h("summary", null, "What it did not prove"),
    h("ul", null, lacking.map((check) => h("li", null, `${check.check}: ${check.outcome === "failed" ? "failed" : "not checked"}${check.detail ? ` (${check.detail})` : ""}`))));
  const buttons = [
    job.state === "decide" && button("accept", job.id, "Pair it all the same", jobName(job)),
    (job.state === "failed" || job.state === "cancelled") && job.may_retry && button("retry", job.id, "Try again", jobName(job)),
    (!isOver(job) || job.state === "decide") && button("cancel", job.id, "Give up", jobName(job)),
    (job.state === "failed" || job.state === "cancelled") && button("cancel", job.id, "Dismiss", jobName(job)),
  ].filter(Boolean);
  return h("li", { "data-key": `job ${job.id}`, class: job.state },
    h("h4", null, jobName(job), " ", marked(job.state, JOBS[job.state] ?? job.state)),
    job.name && h("p", { class: "quiet" }, `Code ${job.code}`),
    job.state !== "done" && h("ol", { class: "steps" }, job.steps.map((each) => step(job, each))),
    job.error && h("p", null, `Why: ${job.error}`),
    job.advice && h("p", null, h("b", null, "What to do: "), job.advice),
    checks,
    buttons.length > 0 && h("p", { class: "buttons" }, buttons));
}

function jobs(view) {
  if (!view.jobs.length) return h("div", { id: "jobs" });
  const open = view.jobs.filter((job) => job.state !== "done");
  const done = view.jobs.filter((job) => job.state === "done");
  return h("div", { id: "jobs" },
    open.length > 0 && h("h3", { "data-key": "open" }, `Joining (${open.filter((job) => !isOver(job)).length} of ${open.length})`),
    open.length > 0 && h("ul", { class: "plain", "data-key": "list" }, open.slice(0, JOBS_SHOWN).map(jobItem)),
    open.length > JOBS_SHOWN && h("p", { class: "quiet", "data-key": "more" }, `and ${open.length - JOBS_SHOWN} more`),
    done.length > 0 && h("details", { "data-key": "done" }, h("summary", null, `Joined today (${done.length})`), h("ul", { class: "plain" }, done.map(jobItem))));
}

function deviceItem(device) {
  const remarks = [
    device.answered_at && `answered ${localTime(device.answered_at)}`,
    device.next_question_at && `asked next ${localTime(device.next_question_at)}`,
    device.in_vain > 0 && `${count(device.in_vain, "question")} in vain`,
    device.sleepy && "sleeps, so it is asked rarely", device.subscribed && "tells of changes by itself",
  ].filter(Boolean);
  return h("li", { "data-key": device.node },
    h("b", null, deviceName(device)), " ", marked(device.state, DEVICES[device.state] ?? device.state),
    remarks.length > 0 && h("p", { class: "quiet" }, remarks.join(" · ")),
    device.error && h("p", null, `Last time: ${device.error}`),
    device.long_idle && h("p", null, h("label", null, h("input", { type: "checkbox", "data-action": "check-in", "data-id": device.node, "data-checked": String(device.check_in) }), " Ask it to check in when it wakes (it cannot be asked otherwise)")),
    h("p", { class: "buttons" }, button("refresh", device.node, "Ask now", deviceName(device)), button("unpair", device.node, "Unpair", deviceName(device))));
}

function devices(view) {
  if (!view.devices.length) return h("div", { id: "devices" });
  return h("div", { id: "devices" },
    h("details", { "data-key": "devices" },
      h("summary", null, `All paired devices (${view.devices.length})`),
      h("ul", { class: "cards" }, view.devices.map(deviceItem)),
      h("p", { class: "buttons" }, button("refresh-all", "", "Ask all now", "all devices"), button("unpair-all", "", "Unpair all", "all devices"))));
}

function sum(view) {
  const joining = view.jobs.filter((job) => !isOver(job)).length;
  const decide = view.jobs.filter((job) => job.state === "decide").length;
  const silent = view.devices.filter((device) => device.state === "silent" || device.state === "estranged").length;
  const parts = [
    view.devices.length ? `${count(view.devices.length, "device")} paired` : "None yet",
    joining && `${joining} joining`, decide && `${decide} to decide`, silent && `${silent} not answering`,
    view.paused && "questions are paused", view.devices.length > 0 && `other apps list Weft as “${view.label}”`,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** A job that ended is told once, not on every view. */
function sayWhatEnded(view, isFirst) {
  const ended = isFirst ? [] : view.jobs.filter((job) => isOver(job) && said.get(job.id) !== job.state);
  // Many at once are counted by how they ended: nobody wants to hear forty names.
  const words = ended.length <= SAID_BY_NAME
    ? ended.map((job) => `${jobName(job)}: ${JOBS[job.state] ?? job.state}.${job.state === "failed" && job.error ? ` ${job.error}.` : ""}`)
    : Object.entries(JOBS).map(([state, shown]) => [ended.filter((job) => job.state === state).length, shown])
      .filter(([number]) => number > 0).map(([number, shown]) => `${count(number, "device")}: ${shown}.`);
  if (words.length) tell(words.join(" "));
  said.clear();
  for (const job of view.jobs) said.set(job.id, job.state);
}

/** Shows the fabric as the service tells it. */
export function adoptFabric(view) {
  const isFirst = fabric === null;
  fabric = view;
  byId("fabric").hidden = false;
  byId("fabric-sum").textContent = sum(view);
  morph(byId("jobs"), jobs(view));
  morph(byId("devices"), devices(view));
  for (const box of document.querySelectorAll("[data-action=check-in]")) box.checked = box.dataset.checked === "true";
  byId("paused").checked = view.paused;
  byId("accept").checked = view.attestation === "accept";
  if (isFirst && !view.devices.length) byId("add-devices").open = true;
  sayWhatEnded(view, isFirst);
}

// ---- What a person does ----

function entered({ jobs, refused }) {
  const words = [jobs.length && `${count(jobs.length, "device")} will join`, refused.length && `${count(refused.length, "code")} not taken`];
  tell(`${words.filter(Boolean).join(", ") || "No code was found in it"}.`);
  byId("codes-problem").replaceChildren(...refused.map(({ code, why }) => h("p", null, `${code}: ${why}`)));
}

function sayProblem(problem) {
  byId("codes-problem").replaceChildren(h("p", null, `${problem.title}. ${problem.detail}`));
}

byId("pair-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const codes = byId("codes").value;
  const address = byId("pair-address").value.trim() || null;
  // A code opens a device for as long as its window is open: it does not stay on the screen.
  byId("codes").value = "";
  byId("codes-problem").replaceChildren();
  tell("Sending …");
  try {
    entered(await post("pair", { codes, address, accept_attestation: false }));
    byId("pair-address").value = "";
  } catch (problem) {
    // Nothing was begun: nobody wants to type 21 codes twice.
    if (problem.status === 0 || problem.status >= 500) byId("codes").value = codes;
    tell("");
    sayProblem(problem);
  }
  byId("codes").focus();
});

/** The picture as JPEG of a bounded size. What the browser cannot read is sent as it is, where the service may. */
async function picture(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, MAX_SIDE_PIXELS / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
    if (blob) return blob;
  } catch { /* told below */ }
  if (SENT_AS_IT_IS.includes(file.type)) return file;
  throw { status: 400, title: "This picture cannot be read", detail: `This browser cannot read ${file.name}. Send it as JPEG or PNG, or make a screenshot of it.` };
}

byId("photos").addEventListener("change", async () => {
  const files = [...byId("photos").files];
  byId("photos").value = "";
  byId("codes-problem").replaceChildren();
  const all = { jobs: [], refused: [] };
  const problems = [];
  for (const [index, file] of files.entries()) {
    tell(`Reading picture ${index + 1} of ${files.length} …`);
    try {
      const body = await picture(file);
      const found = await ask("/api/v1/fabric/photo", { method: "POST", headers: { "content-type": body.type }, body });
      all.jobs.push(...found.jobs);
      all.refused.push(...found.refused);
    } catch (problem) {
      problems.push(`${file.name}: ${problem.detail ?? problem.title}`);
    }
  }
  entered(all);
  byId("codes-problem").append(...problems.map((words) => h("p", null, words)));
});

/** Leaves devices; what could not be told is asked about once more. */
async function unpair(chosen, words) {
  if (!confirm(`Unpair ${words}? Weft is removed from the device and reads it no more; nothing changes in other apps.`)) return;
  tell(`Unpairing ${words} …`);
  const { results } = await post("unpair", chosen);
  const failed = results.filter((result) => !result.ok);
  tell(failed.length ? `${results.length - failed.length} of ${results.length} unpaired.` : `Unpaired ${words}.`);
  if (!failed.length) return;
  const why = failed.slice(0, 5).map((result) => `${nameOf(result.node)}: ${result.error ?? "it could not be told"}`).join("\n");
  if (!confirm(`${why}\n\nForget ${count(failed.length, "device")} all the same? Each keeps an entry that nobody uses, until it is reset or Weft is removed in its other app.`)) return;
  await post("unpair", { nodes: failed.map((result) => result.node), forget: true });
  tell(`Forgot ${count(failed.length, "device")}.`);
}

const nameOf = (node) => deviceName(fabric.devices.find((device) => device.node === node) ?? { node });

const ACTIONS = {
  accept: (id) => post(`jobs/${id}/retry`, { accept_attestation: true }).then(adoptFabric),
  retry: (id) => post(`jobs/${id}/retry`, {}).then(adoptFabric),
  cancel: (id) => post(`jobs/${id}/cancel`, {}).then(adoptFabric),
  refresh: (id) => post("refresh", { node: id }).then(adoptFabric),
  "refresh-all": () => post("refresh", {}).then(adoptFabric),
  unpair: (id) => unpair({ nodes: [id] }, nameOf(id)),
  "unpair-all": () => unpair({ all: true }, "all devices"),
  "check-in": (id, box) => post(`devices/${id}/settings`, { check_in: box.checked }).then(adoptFabric),
};

byId("fabric").addEventListener("click", async (event) => {
  const control = event.target.closest?.("[data-action]");
  if (!control) return;
  try {
    await ACTIONS[control.dataset.action](control.dataset.id, control);
  } catch (problem) {
    tell(problem.detail ?? problem.title);
  }
});

for (const [id, setting] of [["paused", (on) => ({ paused: on })], ["accept", (on) => ({ attestation: on ? "accept" : "ask" })]]) {
  byId(id).addEventListener("change", async () => {
    try {
      adoptFabric(await post("settings", setting(byId(id).checked)));
    } catch (problem) {
      if (fabric) adoptFabric(fabric);
      tell(problem.detail ?? problem.title);
    }
  });
}
