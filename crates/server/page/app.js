// The plain page: what the API says, as lists.

import { ask, byId, count, h, localTime, marked, morph, timeOf } from "/elements.js";
import { adoptFabric } from "/fabric.js";
import { followPlan } from "/plan.js";

const ROLES = { "end-device": "end device", "sleepy-end-device": "sleepy end device", reed: "router-eligible end device" };
const RETRY_MILLISECONDS = 5000;
const MAX_DEPTH = 8;

const view = { generation: 0, asOf: null, status: { sources: [], store: null, notice: null }, lists: null };
const LISTS = ["networks", "nodes", "links", "findings"];

/** A moment, told relative to the moment that the picture is about: a recording has its own now. */
function moment(time) {
  if (!time) return "never";
  const seconds = Math.round((Date.parse(view.asOf) - Date.parse(time)) / 1000);
  if (!(seconds >= 0)) return timeOf(time);
  const [unit, amount] = seconds < 90 ? ["s", seconds] : seconds < 5400 ? ["min", seconds / 60] : seconds < 129600 ? ["h", seconds / 3600] : ["days", seconds / 86400];
  return h("time", { datetime: time, title: localTime(time) }, seconds < 5 ? "just now" : `${Math.round(amount)} ${unit} ago`);
}

const nameOf = (node) => node.name ?? node.known_as?.hosts?.[0] ?? node.id;
const nodeName = (id) => (view.lists.nodes.has(id) ? nameOf(view.lists.nodes.get(id)) : id);
const deviceButton = (node) => h("button", { class: "device", type: "button", "data-node": node.id }, nameOf(node));

// ---- The parts of the page ----

function findings() {
  const rank = { problem: 0, warning: 1, info: 2 };
  const all = [...view.lists.findings.values()].sort((a, b) => rank[a.severity] - rank[b.severity] || a.id.localeCompare(b.id));
  const devices = (finding) => finding.subjects.filter((id) => view.lists.nodes.has(id)).map((id) => view.lists.nodes.get(id));
  const item = (finding) =>
    h("li", { "data-key": finding.id, class: finding.severity },
      h("h3", null, marked(finding.severity), `: ${finding.title}`),
      h("p", null, finding.detail),
      finding.advice && h("p", null, h("b", null, "What to do: "), finding.advice),
      devices(finding).length > 0 && h("p", { class: "quiet" }, "Devices: ", devices(finding).map((node, index) => [index ? ", " : "", deviceButton(node)])));
  return h("section", { "aria-labelledby": "findings", "data-key": "findings" },
    h("h2", { id: "findings" }, `Findings (${all.length})`),
    all.length ? h("ul", { class: "plain findings" }, all.map(item)) : h("p", { class: "quiet" }, "Nothing to worry about in what has been heard so far."));
}

const isRouter = (node) => node.role === "leader" || node.role === "router";
const isPlaced = (node) => Boolean(node.rloc16 || node.parent || isRouter(node));
const roleOf = (node) => [node.role === "unknown" ? "role unknown" : ROLES[node.role] ?? node.role, node.border_router && "border router"].filter(Boolean).join(", ");

function parentOf(node, children) {
  if (node.parent) {
    const reason = node.parent.reasons?.[0];
    return [nodeName(node.parent.node), " ", marked(node.parent.state), reason && h("span", { class: "quiet" }, `: ${reason}`)];
  }
  if (isRouter(node)) return h("span", { class: "quiet" }, children ? count(children, "child", "children") : "no children known");
  return node.last_parent ? [`unknown; was ${nodeName(node.last_parent.node)} until `, moment(node.last_parent.until)] : "nobody knows";
}

function row(node, depth, children) {
  const remarks = [node.room, node.unheard && "nobody has heard its tables"].filter(Boolean).join(" · ");
  const cell = (label, ...content) => h("td", { role: "cell", class: label.toLowerCase().replaceAll(" ", "-"), "data-label": label }, ...content);
  return h("tr", { role: "row", "data-key": node.id, class: `${depth > 0 ? "child" : "router"} ${node.state}` },
    h("th", { scope: "row", role: "rowheader" }, deviceButton(node), remarks && h("span", { class: "quiet" }, ` ${remarks}`)),
    cell("State", marked(node.state)), cell("Role", roleOf(node)), cell("RLOC16", node.rloc16 ?? ""),
    cell("Parent", ...[parentOf(node, children)].flat()), cell("Last heard", moment(node.last_heard_at)));
}

function table(caption, rows) {
  const column = (text) => h("th", { scope: "col", role: "columnheader" }, text);
  return h("table", { role: "table", "aria-label": caption, "data-key": `table ${caption}` },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ["Device", "State", "Role", "RLOC16", "Parent", "Last heard"].map(column))),
    h("tbody", { role: "rowgroup" }, rows));
}

/** Routers with their children below them; every node exactly once, whatever the parents say. */
function tree(nodes) {
  const here = new Map(nodes.map((node) => [node.id, node]));
  const children = new Map();
  for (const node of nodes) {
    if (node.parent && here.has(node.parent.node)) children.set(node.parent.node, [...(children.get(node.parent.node) ?? []), node]);
  }
  const rows = [];
  const seen = new Set();
  const visit = (node, depth) => {
    if (seen.has(node.id) || depth > MAX_DEPTH) return;
    seen.add(node.id);
    const below = children.get(node.id) ?? [];
    rows.push(row(node, depth, below.length));
    for (const child of below) visit(child, depth + 1);
  };
  for (const node of nodes) if (!node.parent || !here.has(node.parent.node)) visit(node, node.parent ? 1 : 0);
  for (const node of nodes) visit(node, 0);
  return rows;
}

const byPlace = (a, b) => (a.rloc16 ?? "~").localeCompare(b.rloc16 ?? "~") || nameOf(a).localeCompare(nameOf(b));

function partitions(network, placed) {
  const said = new Map((network.partitions ?? []).map((partition) => [partition.partition_id, partition]));
  const ids = [...new Set([...said.keys(), ...placed.map((node) => node.partition_id)])].sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
  return ids.map((id) => {
    const partition = said.get(id);
    const title = id === null ? "Partition unknown" : `Partition ${id}`;
    const members = placed.filter((node) => node.partition_id === id).sort(byPlace);
    return [
      h("h3", { "data-key": `head ${id}` }, title),
      partition && h("p", null, marked(partition.state), partition.leader ? `, led by ${nodeName(partition.leader)}` : ", leader unknown"),
      members.length ? table(`${network.name ?? network.id}, ${title}`, tree(members)) : h("p", { class: "quiet" }, "Somebody says that it exists; none of its devices is known."),
    ];
  });
}

function networkSection(network) {
  const nodes = [...view.lists.nodes.values()].filter((node) => node.network === network.id);
  const borders = nodes.filter((node) => node.border_router).sort(byPlace);
  const placed = nodes.filter(isPlaced);
  const unplaced = nodes.filter((node) => !isPlaced(node)).sort(byPlace);
  const unnamed = placed.filter((node) => !node.name).sort(byPlace);
  const routers = placed.filter(isRouter).length;
  const sums = [count(nodes.length, "device"), count(routers, "router"), `${count(placed.length - routers, "child", "children")} placed`, unplaced.length && `${unplaced.length} not placed`, unnamed.length && `${unnamed.length} not named`];
  const facts = [["Extended PAN ID", network.extended_pan_id], ["PAN ID", network.pan_id], ["Channel", network.channel], ["Mesh-local prefix", network.mesh_local_prefix], ["OMR prefixes", network.omr_prefixes?.join(", ")]];
  return h("section", { "aria-label": `Network ${network.name ?? network.id}`, "data-key": `network ${network.id}` },
    h("h2", null, `Network ${network.name ?? network.id}`),
    h("p", null, sums.filter(Boolean).join(" · ")),
    h("dl", null, facts.filter(([, value]) => value).map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, String(value))))),
    h("h3", null, `Border routers (${borders.length})`),
    borders.length
      ? h("ul", { class: "cards" }, borders.map((node) => h("li", { "data-key": node.id }, deviceButton(node), " ", marked(node.state), h("p", { class: "quiet" }, [node.vendor, node.model, node.rloc16].filter(Boolean).join(" · ")))))
      : h("p", { class: "quiet" }, "None is known. Without one, nothing on this mesh reaches the LAN; or this machine does not hear its announcements."),
    partitions(network, placed),
    unplaced.length > 0 && group("Named, but not placed", "They are registered on this network; nobody says below which router they are.", unplaced),
    unnamed.length > 0 && h("details", { "data-key": "unnamed" },
      h("summary", null, `Placed, but not named (${unnamed.length})`),
      h("p", { class: "quiet" }, "Radios that routers speak of, and that no registration or pairing names yet."),
      h("ul", null, unnamed.map((node) => h("li", { "data-key": node.id }, deviceButton(node), ` ${node.rloc16 ?? ""}`, node.parent && `, below ${nodeName(node.parent.node)}`)))));
}

const group = (title, words, nodes) => [h("h3", null, `${title} (${nodes.length})`), h("p", { class: "quiet" }, words), table(title, nodes.map((node) => row(node, 0)))];

function lan() {
  const nodes = [...view.lists.nodes.values()].filter((node) => !view.lists.networks.has(node.network)).sort(byPlace);
  if (!nodes.length) return null;
  return h("section", { "aria-label": "On the LAN", "data-key": "lan" },
    h("h2", null, "On the LAN"), group("Named, but not placed", "Not known to be in a mesh.", nodes));
}

function nothingYet() {
  if (view.lists.nodes.size || view.lists.networks.size) return null;
  return h("section", { "data-key": "nothing" },
    h("h2", null, "Nothing heard yet"),
    h("p", null, "No border router and no Thread device has been heard of, up to ", timeOf(view.asOf), "."),
    h("p", null, h("b", null, "What to do:")),
    h("ul", null,
      h("li", null, "see below whether the sources work;"),
      h("li", null, "connect this machine to the same network as the border routers;"),
      h("li", null, "let multicast DNS (UDP port 5353) through its firewall.")));
}

function sources() {
  const { sources, store } = view.status;
  const item = (source) =>
    h("li", { "data-key": source.name, class: source.state },
      h("b", null, source.name), source.kind === source.name || source.kind === "other" ? " " : ` (${source.kind}) `, marked(source.state), source.since ? [" since ", moment(source.since)] : null,
      source.reason && h("p", null, `Why: ${source.reason}`),
      source.advice && h("p", null, h("b", null, "What to do: "), source.advice),
      h("p", { class: "quiet" }, source.captures ? [count(source.captures, "capture"), ", the newest ", moment(source.last_capture_at)] : "nothing heard through it yet", source.dropped ? `; ${source.dropped} were lost` : ""));
  const kept = store && [
    h("p", null, `${count(store.captures, "capture")} in ${(store.size_bytes / 1048576).toFixed(1)} MiB at ${store.place}`, store.oldest_at ? [", back to ", moment(store.oldest_at)] : ""),
    store.problem && h("p", { class: "problem" }, marked("problem", store.problem))];
  return h("section", { "aria-labelledby": "sources", "data-key": "sources" },
    h("h2", { id: "sources" }, "Sources"),
    sources.length ? h("ul", { class: "plain" }, sources.map(item)) : h("p", null, "No source is configured, so nothing will ever be heard. ", h("b", null, "What to do: "), "start Weft without --no-mdns."),
    h("h3", null, "Store"), kept ?? h("p", { class: "quiet" }, "Nothing is kept: after a restart the picture begins anew."));
}

let drawing = false;
function draw() {
  if (drawing || !view.lists) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const networks = [...view.lists.networks.values()].sort((a, b) => a.id.localeCompare(b.id));
    const notice = view.status.notice && h("p", { class: "notice", "data-key": "notice" }, view.status.notice);
    const nothing = nothingYet();
    morph(byId("main"), h("main", { id: "main" }, notice, nothing ?? findings(), networks.map(networkSection), lan(), sources()));
    byId("as-of").replaceChildren("As of ", timeOf(view.asOf));
    document.title = ["Weft", ...networks.map((network) => network.name ?? network.id).slice(0, 3)].join(" · ");
  });
}

// ---- Evidence of one device ----

function hearing(who, whom, direction) {
  if (!direction) return `nobody said how ${who} hears ${whom}`;
  const parts = [["link quality ", direction.link_quality, " of 3"], ["average ", direction.average_rssi_dbm, " dBm"], ["frame errors ", direction.frame_error_percent, " %"]];
  const values = parts.filter(([, value]) => value !== null && value !== undefined).map((part) => part.join(""));
  return `${who} hears ${whom}: ${values.join(", ") || "no figures"}${direction.relayed ? " (told by the other end)" : ""}`;
}

async function showEvidence(id) {
  const body = byId("evidence-body");
  body.replaceChildren(h("p", null, "Loading …"));
  byId("evidence").showModal();
  try {
    const { node, links, evidence } = await ask(`/api/v1/nodes/${encodeURIComponent(id)}`);
    const claims = node.claims.map((claim) => h("li", null, `${claim.fact}: ${nodeName(claim.reporter)} says so, through ${claim.source}, `, claim.observed_at ? moment(claim.observed_at) : "at an unknown time", ` (capture ${claim.capture.seq})`));
    const heard = links.map((link) => h("li", null, `${link.kind} over ${link.medium === "unknown" ? "an unknown medium" : link.medium}, `, marked(link.state), h("p", { class: "quiet" }, `${hearing(nodeName(link.a), nodeName(link.b), link.a_hears_b)}; ${hearing(nodeName(link.b), nodeName(link.a), link.b_hears_a)}`)));
    const lost = evidence.not_kept.length + evidence.omitted;
    body.replaceChildren(...[
      h("h2", { id: "evidence-title" }, nameOf(node)),
      h("p", null, marked(node.state), h("span", { class: "quiet" }, ` ${[roleOf(node), node.rloc16, node.vendor, node.model, node.id].filter(Boolean).join(" · ")}`)),
      node.parent && h("p", null, "Parent: ", nodeName(node.parent.node), " ", marked(node.parent.state), h("span", { class: "quiet" }, `: ${(node.parent.reasons ?? []).join("; ")}`)),
      node.last_parent && h("p", null, `Earlier parent: ${nodeName(node.last_parent.node)} until `, moment(node.last_parent.until)),
      h("h3", null, "Who says so"), claims.length ? h("ul", null, claims) : h("p", null, "No claim: it is only inferred."),
      h("h3", null, "Links"), heard.length ? h("ul", null, heard) : h("p", null, "No link of it is known."),
      h("h3", null, "Captures"), ...evidence.captures.map((capture) => h("details", null, h("summary", null, `${capture.seq} · ${capture.kind} · ${localTime(capture.at)}`), h("pre", null, JSON.stringify(capture, null, 1)))),
      lost ? h("p", { class: "quiet" }, `${lost} older captures are not shown, or not kept any more.`) : null,
    ].filter(Boolean));
  } catch (problem) {
    body.replaceChildren(h("h2", { id: "evidence-title" }, problem.title), h("p", null, problem.detail));
  }
}

// ---- Talking to the service ----

/** Says how the connection is. The same words are said once: assistive technology reads every change aloud. */
function say(state, words) {
  const wanted = h("p", { id: "connection", role: "status", class: state }, marked(state, words));
  if (!byId("connection").isEqualNode(wanted)) morph(byId("connection"), wanted);
}

/** Since when the service has not answered; null while it does. */
let lostAt = null;
function sayLost(why) {
  lostAt ??= new Date().toISOString();
  const shown = view.asOf ? ` Shown is the picture of ${localTime(view.asOf)}.` : "";
  say("lost", `${why} since ${localTime(lostAt)}.${shown} Trying again.`);
}

function sayLive() {
  lostAt = null;
  say("live", "Live");
}

function adopt({ generation, topology, status }) {
  view.generation = generation;
  view.asOf = topology.as_of;
  view.status = status;
  view.lists = Object.fromEntries(LISTS.map((list) => [list, new Map(topology[list].map((item) => [item.id, item]))]));
  draw();
}

function apply({ generation, changes, status }) {
  view.generation = generation;
  view.asOf = changes.as_of;
  view.status = status ?? view.status;
  for (const list of LISTS) {
    for (const id of changes[list].removed) view.lists[list].delete(id);
    for (const item of changes[list].upserted) view.lists[list].set(item.id, item);
  }
  draw();
}

function askForToken(problem) {
  byId("token-form").hidden = false;
  byId("main").hidden = true;
  byId("fabric").hidden = true;
  byId("plan").hidden = true;
  say("waiting", "Locked");
  byId("token-problem").textContent = problem ?? "";
  byId("token").focus();
}

async function start() {
  try {
    const { status } = await ask("/api/v1/sources");
    byId("token-form").hidden = true;
    byId("main").hidden = false;
    view.status = status;
    listen();
    followPlan();
  } catch (problem) {
    if (problem.status === 401) return askForToken();
    sayLost(problem.title);
    setTimeout(start, RETRY_MILLISECONDS);
  }
}

function listen() {
  const events = new EventSource("/api/v1/events");
  events.addEventListener("snapshot", (event) => { adopt(JSON.parse(event.data)); sayLive(); });
  events.addEventListener("delta", (event) => { apply(JSON.parse(event.data)); sayLive(); });
  events.addEventListener("fabric", (event) => adoptFabric(JSON.parse(event.data)));
  events.addEventListener("error", async () => {
    sayLost("The service has not answered");
    if (events.readyState !== EventSource.CLOSED) return;
    // Refused for good: too many listen, or the session has ended. Show what can be had without listening.
    try {
      const topology = await ask("/api/v1/topology?claims=none");
      adopt({ generation: view.generation, topology, status: view.status });
      lostAt = null;
      say("waiting", "Not live: the service takes no more listeners. Trying again.");
    } catch { /* start tells why */ }
    setTimeout(start, RETRY_MILLISECONDS);
  });
}

byId("token-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = byId("token").value.trim();
  try {
    await ask("/api/v1/session", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }) });
    byId("token").value = "";
    start();
  } catch (problem) {
    askForToken(problem.detail);
  }
});

document.addEventListener("click", (event) => {
  const id = event.target.closest?.("[data-node]")?.dataset.node;
  if (id) showEvidence(id);
});

start();
