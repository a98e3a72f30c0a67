// What moves on the pages of containers: one socket for all of them that a page shows.
//
// The server draws whatever has words; this only says when to fetch it again, and fills in numbers. Without a
// connection the page asks every two seconds instead.

import { start as panels } from "./panels.js";
import { Socket } from "./socket.js";
import { gettext, lasted, percent, rate, size } from "./words.js";

const ACK = 8; // messages handled between two acknowledgements; the server waits after 32
const APART = 500; // milliseconds between two fetches of a fragment
const POLL = 2_000; // between two fetches while there is no connection
const STALE = 5_000; // an older sample says nothing about now
const TICK = 100; // milliseconds between two looks at what counts on
const UNMEASURED = gettext(
  "No new numbers at the moment: what measures them does not answer. Containers run on; the numbers come back by themselves.",
);
const NOTED = [200, 1_500]; // after which what happened at the engine is on record

const PANELS = { charts: "metrics", logs: "logs", terminal: "terminal" }; // where each part is
const ENDS = new Set(["died", "stopped", "destroyed"]); // events after which there are no numbers

const said = document.querySelector("[data-sign-in]");
const notes = new Map(); // what there is to say above all, by what it is about
const subscribed = new Set();
const allowed = new Map(); // by container: what the person was told they may do
const samples = new Map(); // by container: the last two, for rates
const endedAt = new Map(); // by container: when its program ended, by the server's clock
const drawn = new Map(); // by container: when its numbers of the server were first seen here; they stand as long as a sample
// What more there is on a container's own page: {numbers, state, event, permitted}, each with its message, and `shown`.
const parts = [];
const begun = new WeakMap(); // what counts on, and when it was drawn
let received = 0;
let leaving = false;
let poll;

const shown = (selector = "") => [...document.querySelectorAll(`[data-container]${selector}`)];
const rowOf = (id) => document.querySelector(`[data-container="${id}"]`);

function note(about, words) {
  notes.set(about, words);
  said.textContent = [...notes.values()].filter(Boolean).join(" ");
}

const fragments = [...document.querySelectorAll("[data-refresh]")].map((element) => {
  const kinds = element.dataset.refresh.split(" ").filter(Boolean);
  return { element, kinds, fetchedAt: 0, due: undefined };
});

/** At once, but not more often than twice a second: a busy container tells of ten changes in a row. What only shows
 * other kinds of things (`data-refresh="steps grants"`) is left alone; without a kind all is fetched. */
function refresh(kind) {
  for (const fragment of fragments) {
    if (kind && fragment.kinds.length && !fragment.kinds.includes(kind)) continue;
    fragment.due ??= setTimeout(
      () => {
        fragment.due = undefined;
        fragment.fetchedAt = Date.now();
        if (leaving) return; // what the server said of it waits on the page where it sends us
        fragment.element.dispatchEvent(new Event("refresh")); // htmx hears it
      },
      Math.max(0, fragment.fetchedAt + APART - Date.now()),
    );
  }
}

function follow() {
  const wanted = new Set(shown().map((element) => element.dataset.container));
  const more = [...wanted].filter((id) => !subscribed.has(id));
  const fewer = [...subscribed].filter((id) => !wanted.has(id));
  if (more.length && socket.send({ type: "subscribe", containers: more })) more.forEach((id) => subscribed.add(id));
  if (fewer.length && socket.send({ type: "unsubscribe", containers: fewer })) {
    for (const id of fewer) {
      subscribed.delete(id);
      samples.delete(id);
    }
  }
}

/** What the numbers are where they are shown; `cpu` and `limit` are of what the container may have. */
function words(id) {
  const [now, before] = samples.get(id) ?? [];
  if (!now || Date.now() - now.heardAt > STALE) return {};
  const { memory, network, block } = now;
  const found = { memory: size(memory.used), limit: size(memory.limit), percent: percent(memory.percent), pids: now.pids };
  if (now.share !== null) found.cpu = percent(now.share);
  const seconds = before && (now.at - before.at) / 1000;
  // Counters start again with the container.
  const per = (later, earlier) => (seconds > 0 && later >= earlier ? rate((later - earlier) / seconds) : undefined);
  if (before) {
    found.rx = per(network.rx, before.network.rx);
    found.tx = per(network.tx, before.network.tx);
    found.read = per(block.read, before.block.read);
    found.write = per(block.write, before.block.write);
  }
  return found;
}

/** Percent of the limit, for bars. */
function shares(id) {
  const [now] = samples.get(id) ?? [];
  if (!now || Date.now() - now.heardAt > STALE) return {};
  return { cpu: now.share ?? undefined, memory: now.memory.percent ?? undefined };
}

function about(element) {
  const { container, of } = element.closest("[data-container], [data-of]").dataset;
  return container ?? of;
}

/** Whether what the server drew of a container is still to be shown where no sample says otherwise. */
function stands(id) {
  if (!drawn.has(id)) drawn.set(id, Date.now());
  return Date.now() - drawn.get(id) <= STALE;
}

/** What was measured of a container that does not run says nothing about now. */
function forget(id) {
  samples.delete(id);
  drawn.set(id, -Infinity);
}

function show() {
  for (const bar of document.querySelectorAll("progress[data-number-bar]")) {
    const id = about(bar);
    const share = shares(id)[bar.dataset.numberBar];
    if (share === undefined && stands(id)) continue;
    bar.hidden = share === undefined;
    if (bar.hidden) continue;
    bar.value = Math.min(100, share);
    bar.classList.toggle("near", share >= 80 && share < 100);
    bar.classList.toggle("over", share >= 100);
  }
  for (const element of document.querySelectorAll("[data-number]")) {
    const id = about(element);
    const value = words(id)[element.dataset.number];
    if (value !== undefined || !stands(id)) element.textContent = value ?? "–";
  }
}

function statistics({ sampled_at, containers }) {
  const at = Date.parse(sampled_at);
  for (const [id, numbers] of Object.entries(containers)) {
    if (at <= endedAt.get(id)) continue; // measured before
    const cores = (rowOf(id)?.dataset.cpu ?? 1000) / 1000;
    const share = numbers.cpu_percent === null ? null : numbers.cpu_percent / cores;
    const now = { ...numbers, share, at, heardAt: Date.now() };
    samples.set(id, [now, samples.get(id)?.[0]]);
    parts.forEach((part) => part.numbers?.(now));
  }
  show();
}

/** We may hear of it before it is in the database: once when it should be, and once more when it must be. */
function happened(message) {
  if (ENDS.has(message.event)) {
    endedAt.set(message.container, Date.parse(message.at));
    forget(message.container);
    show();
  }
  parts.forEach((part) => part.event?.(message));
  NOTED.forEach((wait) => setTimeout(() => refresh("state"), wait));
}

/** The server draws the buttons anew; whole parts of the page come and go with the page alone. */
function permitted({ container, permissions }) {
  const before = allowed.get(container);
  allowed.set(container, permissions);
  if (before === undefined || String(before) === String(permissions)) return;
  parts.forEach((part) => part.permitted?.(permissions));
  refresh();
  if (document.querySelector(".frame")) note("permissions", gettext("What you may do here has changed. Reload the page to see it all."));
}

function message(message) {
  if (message.type !== "error") received += 1; // pings count
  if (received % ACK === 0) socket.send({ type: "ack", received });
  switch (message.type) {
    case "statistics":
      return statistics(message);
    case "event":
      return happened(message);
    case "state":
      parts.forEach((part) => part.state?.(message));
      if (message.state !== "running") forget(message.container);
      return refresh("state");
    case "steps":
    case "grants":
      return refresh(message.type);
    case "subscribed":
      return permitted(message);
    case "unsubscribed":
      subscribed.delete(message.container);
      if (message.reason !== "asked") refresh(); // deleted or taken away: the server's page knows where to go
      return;
    case "measuring":
      note("measuring", message.measuring ? "" : UNMEASURED);
  }
}

function opened() {
  clearInterval(poll);
  poll = undefined;
  received = 0;
  subscribed.clear();
  note("connection", "");
  follow(); // all is told of whatever is subscribed to: so what changed meanwhile is fetched, too
}

function away(detail) {
  note("measuring", ""); // the server says it again
  note("connection", detail || gettext("Reconnecting…"));
  poll ??= setInterval(() => refresh(), POLL);
}

function over(code, detail) {
  clearInterval(poll);
  note("connection", detail || gettext("The connection has ended. Reload the page."));
  refresh();
}

const socket = new Socket(() => "/ws/containers/", { opened, message, away, over });
document.documentElement.classList.add("moving");
for (const { element } of fragments) {
  let open = []; // what was unfolded in it, and where in it the focus was
  let focused;
  let pressed = false; // from press to release it is left alone: the click would be lost with what it began on
  let held = false;
  element.addEventListener("pointerdown", () => (pressed = true));
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => setTimeout(() => {
      pressed = false; // the click has been by now
      if (held) element.dispatchEvent(new Event("refresh"));
      held = false;
    }));
  }
  element.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
    if (pressed && target === element && detail.requestConfig.elt === element) {
      detail.shouldSwap = false;
      held = true;
      return;
    }
    open = [...element.querySelectorAll("details[open][id]")].map(({ id }) => id);
    focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  });
  element.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
    follow();
    show();
    tick();
  });
  // What was on its way as the network changed is lost, and a socket that outlives the change says nothing twice.
  let again;
  element.addEventListener("htmx:sendError", ({ detail }) => {
    if (poll || detail.requestConfig.elt !== element) return; // without a socket it is asked for anyway
    clearTimeout(again);
    again = setTimeout(() => element.dispatchEvent(new Event("refresh")), POLL);
  });
  element.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
    leaving ||= Boolean(detail.xhr.getResponseHeader("HX-Redirect"));
  });
}
setInterval(show, 1_000); // a number that nobody confirms goes

/** A step that is under way: the seconds that it had taken when the server drew it, and those since. No clocks are compared. */
function tick() {
  for (const element of document.querySelectorAll("[data-ticking]")) {
    if (!begun.has(element)) begun.set(element, performance.now() - 1000 * element.dataset.ticking);
    const words = lasted((performance.now() - begun.get(element)) / 1000);
    if (element.textContent !== words) element.textContent = words;
  }
}
setInterval(tick, TICK);

const shownPanel = panels((name) => parts.forEach((part) => part.name === name && part.shown?.()));

for (const [name, place] of Object.keys(PANELS).map((name) => [name, document.getElementById(name)])) {
  if (!place) continue;
  import(`./${name}.js`).then(({ start }) => {
    place.hidden = false; // not earlier: nothing in it would answer yet
    const part = Object.assign(start(place), { name: PANELS[name] });
    parts.push(part);
    if (shownPanel() === part.name) part.shown?.();
    const permissions = allowed.get(shown()[0]?.dataset.container);
    if (permissions) part.permitted?.(permissions);
  });
}
