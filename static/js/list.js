// The list of containers: what is chosen, and what somebody is in the midst of while the rows are drawn anew.

import { gettext } from "./words.js";

const rows = document.getElementById("rows");
const bar = document.getElementById("bulk");
const chosen = document.getElementById("chosen");
const picks = () => [...rows.querySelectorAll("tbody .pick input")];

let kept; // what was chosen, which menu was open and where the keyboard was before the rows were drawn anew

function count() {
  if (!bar) return;
  const all = picks();
  const picked = all.filter((each) => each.checked);
  const every = document.getElementById("all");
  if (every) {
    every.checked = picked.length > 0 && picked.length === all.length;
    every.indeterminate = picked.length > 0 && picked.length < all.length;
  }
  bar.classList.toggle("some", picked.length > 0);
  chosen.textContent = picked.length ? gettext("%s chosen").replace("%s", picked.length) : "";
}

function choose(which) {
  for (const each of picks()) each.checked = which;
  count();
}

let last; // the row that was chosen before: with the shift key all between are chosen as well
rows.addEventListener("click", ({ target, shiftKey }) => {
  if (!target.matches("tbody .pick input")) return;
  const all = picks();
  const [from, to] = [all.findIndex((each) => each.id === last), all.indexOf(target)];
  if (shiftKey && from >= 0) for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) all[at].checked = target.checked;
  last = target.id;
});
rows.addEventListener("change", ({ target }) => (target.id === "all" ? choose(target.checked) : count()));
document.getElementById("none")?.addEventListener("click", () => {
  choose(false);
  document.getElementById("all")?.focus();
});

// Only what is drawn anew by itself keeps what was chosen: another page, or another search, shows other containers.
rows.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (target !== rows) return;
  kept = {
    picked: detail.requestConfig.elt === rows ? picks().filter((each) => each.checked).map((each) => each.id) : [],
    open: rows.querySelector("details.menu[open]")?.id,
    focused: rows.contains(document.activeElement) ? document.activeElement.id : "",
  };
});
rows.addEventListener("htmx:afterSwap", () => {
  if (!kept) return;
  for (const id of kept.picked) {
    const pick = document.getElementById(id);
    if (pick) pick.checked = true;
  }
  const menu = kept.open && document.getElementById(kept.open);
  if (menu) menu.open = true;
  // What the keyboard was on may be gone with what it did: then it is at what opened it, and not at the page's top.
  const before = kept.focused && (document.getElementById(kept.focused) ?? menu?.querySelector("summary"));
  if (before && document.activeElement !== before) before.focus({ preventScroll: true });
  kept = undefined;
  count();
});

addEventListener("pageshow", count); // a page that comes back from the browser's memory has its boxes as they were
count();
