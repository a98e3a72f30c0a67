// What every page has: menus that close, things to copy, times that go on, dialogs, and what is said without a network.
// All of it is a comfort: pages work without.

import { gettext, since } from "./words.js";

const YEAR = 365 * 86_400;
const page = document.documentElement;

/** Kept by the browser for all pages, and read by the server when it draws the next one. */
const remember = (name, value) => {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax${secure}`;
};

// --- The reader's zone: the server writes times in it
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split("; ").includes(`timezone=${zone}`)) remember("timezone", zone);

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const words = since(Date.parse(time.dateTime));
    if (words && words !== time.textContent) time.textContent = words;
  }
}, 20_000);

// --- Menus are <details>: they close when something else is meant
document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu) return;
  const entries = [...menu.querySelectorAll(".menu-list :is(a, button, select)")];
  const at = entries.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? entries.length - 1 : at - 1, Home: 0, End: entries.length - 1 }[event.key];
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (to !== undefined && entries.length && event.target.tagName !== "SELECT") {
    event.preventDefault();
    entries[(to + entries.length) % entries.length].focus();
  }
});
document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const menu = target.closest?.("details.menu[open]");
  if (menu && relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
});

// --- Light or dark
document.addEventListener("click", ({ target }) => {
  const chosen = target.closest?.("[data-theme-choice]");
  if (!chosen) return;
  const theme = chosen.dataset.themeChoice;
  if (theme === "system") delete page.dataset.theme;
  else page.dataset.theme = theme;
  remember("theme", theme);
  for (const each of document.querySelectorAll("[data-theme-choice]")) each.setAttribute("aria-pressed", each === chosen);
});

// --- Copying: <button data-copy="…" hidden>; shown where the browser can
function ready(root) {
  for (const button of root.querySelectorAll("[data-reveal][hidden]")) button.hidden = false;
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}
document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  await navigator.clipboard.writeText(source ? source.textContent : button.dataset.copy);
  button.classList.add("copied");
  say(gettext("Copied"));
  setTimeout(() => button.classList.remove("copied"), 1_500);
});

/** To who listens to the page instead of looking at it. */
function say(words) {
  const place = document.getElementById("announced");
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = words));
}

// --- Passwords can be looked at: <button data-reveal="id of the field" hidden> beside it
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-reveal]");
  const field = button && document.getElementById(button.dataset.reveal);
  if (!field) return;
  const shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", shown);
});
document.addEventListener("submit", ({ target }) => {
  // A browser offers to keep what stands in a field for passwords, and no other.
  for (const button of target.querySelectorAll("[data-reveal][aria-pressed=true]")) button.click();
});

// --- A form that came back: to where its server leads, which browsers do by themselves unless the address names a part
const led = document.querySelector("main :is([tabindex], [aria-invalid=true])[autofocus]");
(led ?? document.querySelector("main :is([aria-invalid=true], fieldset:has(.wrong) input)"))?.focus();

// --- Of tabs that scroll sideways, the one that is open is seen
for (const tab of document.querySelectorAll(":is(.tabs, .settings > nav) > [aria-current]")) {
  const tabs = tab.parentElement;
  tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
}

// --- Dialogs: a link to a page with a question opens the question here
const dialog = document.getElementById("dialog");
const body = dialog?.querySelector("[data-dialog-body]");
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0 || !dialog?.showModal) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { "X-Dialog": "true" } });
    const part = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("ask");
    if (!part || new URL(answer.url).pathname !== new URL(link.href).pathname) throw new Error("no question there");
    body.replaceChildren(document.adoptNode(part));
  } catch {
    return location.assign(link.href); // the page says what is the matter
  }
  // Where a form says nothing of where it goes, it goes to its own page.
  for (const form of body.querySelectorAll("form:not([action])")) form.action = link.href;
  const title = body.querySelector("h1, h2");
  if (title) {
    title.id ||= "dialog-title";
    dialog.setAttribute("aria-labelledby", title.id);
  }
  ready(body);
  if (body.querySelector("[data-chips]")) (await import("./share.js")).start(body);
  document.dispatchEvent(new CustomEvent("warren:dialog", { detail: body }));
  dialog.showModal();
  body.querySelector("[autofocus], input:not([type=hidden]), select, textarea")?.focus();
});
dialog?.addEventListener("click", (event) => {
  const away = event.target === dialog || event.target.closest("[data-dialog-close]");
  if (!away) return;
  event.preventDefault();
  dialog.close();
});

// --- Without a network: said once, and a form keeps what was written instead of losing it to an error page
const offline = document.getElementById("offline");
function network() {
  if (!offline) return;
  if (offline.textContent && navigator.onLine) document.getElementById("announced").textContent = ""; // it said so, too
  offline.textContent = navigator.onLine ? "" : gettext("You are offline. What is shown may be old; nothing can be changed until the connection is back.");
}
addEventListener("online", network);
addEventListener("offline", network);
network();
document.addEventListener("submit", (event) => {
  if (navigator.onLine) return;
  event.preventDefault();
  say(offline.textContent);
});

// --- A fragment that was refused or failed leaves the page as it is; the server's words are said at the foot, once
const toast = document.createElement("div");
toast.className = "toast message error";
toast.setAttribute("role", "alert");
let failed = "";
function fail(path, words) {
  failed = path;
  const close = Object.assign(document.createElement("button"), { type: "button", className: "icon-button", textContent: "×" });
  close.setAttribute("aria-label", gettext("Close"));
  close.addEventListener("click", () => toast.remove());
  if (toast.isConnected && toast.firstChild?.textContent === words) return;
  toast.replaceChildren(Object.assign(document.createElement("span"), { textContent: words }), close);
  document.body.append(toast);
}
document.body.addEventListener("htmx:responseError", ({ detail: { xhr, pathInfo } }) => {
  const plain = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain");
  const page = plain ? null : new DOMParser().parseFromString(xhr.responseText, "text/html");
  const words = plain ? xhr.responseText : page.querySelector(".message, .wrong, [role=alert], main p, p")?.textContent;
  fail(pathInfo.requestPath, words?.trim().replace(/\s+/g, " ") || gettext("Warren could not do this. Reload the page and try again."));
});
document.body.addEventListener("htmx:sendError", ({ detail: { pathInfo } }) => {
  if (navigator.onLine) fail(pathInfo.requestPath, gettext("Warren does not answer. What is shown may be old; this goes away once it answers again."));
});
document.body.addEventListener("htmx:afterOnLoad", ({ detail: { xhr, pathInfo } }) => {
  if (xhr.status < 400 && pathInfo.requestPath === failed) toast.remove();
});

document.body.addEventListener("htmx:afterSwap", ({ target }) => ready(target));
ready(document);
page.classList.add("scripted");
