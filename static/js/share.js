// Sharing: addresses as chips in the place of a text field, the form in the page's dialog, and what is shared no more.
//
// The text field stays what is submitted; without this module people write into it.

import { gettext } from "./words.js";

const ADDRESS = /^[^\s@<>,;"]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*[a-z0-9]$/i;
const ENDS_ONE = new Set([",", ";", "Enter"]); // keys; a space does so once there is an @

/** What stands in a text, however it is written: `Gina <gina@example.com>, hal@example.com`. As forms.py takes it. */
export const addressesIn = (text) =>
  text
    .replace(/[^,;\r\n<>]*<([^<>]*)>/g, " $1 ")
    .split(/[\s,;]+/)
    .filter(Boolean);

let pressed = false;
addEventListener("pointerdown", () => (pressed = true), true);
for (const lifted of ["pointerup", "pointercancel"]) addEventListener(lifted, () => (pressed = false), true);

const interpolate = (words, values) => words.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

function why(address) {
  if (ADDRESS.test(address)) return "";
  if (!address.includes("@")) return gettext("%(address)s has no @");
  return gettext("%(address)s is no e-mail address");
}

/** Chips for the addresses of one text field. */
function chips(area) {
  const told = JSON.parse(area.dataset.wrong ?? "{}"); // by the server, of what was sent
  const needed = area.required;
  const label = area.labels[0];
  const box = Object.assign(document.createElement("div"), { className: "chips-in" });
  const list = Object.assign(document.createElement("ul"), { className: "chips" });
  const input = Object.assign(document.createElement("input"), {
    type: "text",
    id: `${area.id}-one`,
    autocomplete: "off",
    spellcheck: false,
    autocapitalize: "none",
  });
  input.inputMode = "email";
  const wrong = Object.assign(document.createElement("p"), { className: "wrong", id: `${area.id}-wrong`, hidden: true });
  const heard = Object.assign(document.createElement("p"), { className: "sr" });
  heard.setAttribute("role", "status");
  list.setAttribute("aria-label", gettext("Chosen so far"));
  const refused = Object.keys(told).length ? null : document.getElementById(`${area.id}_error`); // not of one address
  input.setAttribute("aria-describedby", `${wrong.id} ${refused ? `${refused.id} ` : ""}${area.id}_helptext`);

  let held = [];
  const reason = (address) => told[address] ?? interpolate(why(address), { address });

  function draw() {
    list.replaceChildren(
      ...held.map((address) => {
        const item = Object.assign(document.createElement("li"), { className: "chip" });
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
        button.setAttribute("aria-label", interpolate(gettext("Remove %(address)s"), { address }));
        item.append(address, button);
        if (reason(address)) {
          item.classList.add("wrong");
          item.title = reason(address);
        }
        return item;
      }),
    );
    const reasons = held.map(reason).filter(Boolean);
    wrong.replaceChildren(...reasons.flatMap((words, at) => (at ? [document.createElement("br"), words] : [words])));
    wrong.hidden = !reasons.length;
    input.setAttribute("aria-invalid", Boolean(reasons.length || refused));
    area.value = [...held, input.value.trim()].filter(Boolean).join("\n");
  }

  /** The words of what happened are heard; with those of an address that is wrong comes why. */
  function add(addresses) {
    const fresh = addresses.filter((address, at) => !held.includes(address) && addresses.indexOf(address) === at);
    held = [...held, ...fresh];
    draw();
    if (!addresses.length) return;
    const words = fresh.map((address) => reason(address) || address).join(", ");
    heard.textContent = fresh.length
      ? interpolate(gettext("Added: %(words)s"), { words })
      : interpolate(gettext("%(address)s is there already"), { address: addresses.at(-1) });
  }

  function take() {
    const addresses = addressesIn(input.value);
    input.value = "";
    add(addresses);
    return addresses.length;
  }

  function remove(at) {
    const [address] = held.splice(at, 1);
    draw();
    heard.textContent = interpolate(gettext("Removed: %(address)s"), { address });
    const buttons = list.querySelectorAll("button");
    (buttons[Math.min(at, buttons.length - 1)] ?? input).focus();
  }

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const atStart = input.selectionStart === 0 && input.selectionEnd === 0;
    if (ENDS_ONE.has(event.key) || (event.key === " " && input.value.includes("@") && !input.value.includes("<"))) {
      if (take() || event.key !== "Enter") event.preventDefault(); // nothing typed: Enter sends the form
    } else if (event.key === "Backspace" && atStart && held.length) {
      remove(held.length - 1);
      input.focus();
    } else if (event.key === "ArrowLeft" && atStart && held.length) {
      list.querySelector("li:last-child button").focus();
    }
  });
  input.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text") ?? "";
    if (addressesIn(text).length < 2 && !text.includes("@")) return;
    event.preventDefault();
    input.value += text;
    take();
  });
  input.addEventListener("input", () => {
    area.value = [...held, input.value.trim()].filter(Boolean).join("\n");
  });
  // When it is left. What is being pressed must not move away under the pointer: a chip makes the field taller.
  input.addEventListener("change", () => {
    if (!pressed) return take();
    for (const lifted of ["pointerup", "pointercancel"]) addEventListener(lifted, () => setTimeout(take), { once: true });
  });
  list.addEventListener("click", ({ target }) => {
    if (target.tagName === "BUTTON") remove([...list.children].indexOf(target.closest("li")));
  });
  list.addEventListener("keydown", (event) => {
    const buttons = [...list.querySelectorAll("button")];
    const at = buttons.indexOf(event.target);
    if (event.key === "Backspace" || event.key === "Delete") {
      event.preventDefault();
      remove(at);
    } else if (event.key === "ArrowLeft") buttons[at - 1]?.focus();
    else if (event.key === "ArrowRight") (buttons[at + 1] ?? input).focus();
  });
  box.addEventListener("click", ({ target }) => target === box && input.focus());
  area.form.addEventListener("submit", (event) => {
    take();
    if (held.length ? !held.some(reason) : !needed) return;
    event.preventDefault();
    if (!held.length) {
      wrong.textContent = gettext("Give at least one e-mail address.");
      wrong.hidden = false;
    }
    heard.textContent = held.map(reason).filter(Boolean).join(" ") || wrong.textContent;
    area.closest("details")?.setAttribute("open", "");
    input.focus();
  });

  // The field goes out of sight, with a label still; the words of the page go to where one writes now.
  const kept = Object.assign(document.createElement("label"), { hidden: true });
  const led = area.autofocus || document.activeElement === area;
  area.required = area.autofocus = false; // what cannot be seen cannot be filled in
  area.removeAttribute("aria-invalid");
  area.before(box, wrong, heard, kept);
  kept.append(gettext("As they are sent"), area);
  box.append(list, input);
  label.htmlFor = input.id;
  for (const said of box.parentElement.querySelectorAll(".wrong[role=alert]")) if (Object.keys(told).length) said.remove();
  held = [...new Set(addressesIn(area.value))];
  draw();
  if (led) input.focus();
}

/** Make ready what stands in a part of the page; more than once does nothing. */
export function start(root) {
  for (const area of root.querySelectorAll("textarea[data-chips]")) {
    delete area.dataset.chips;
    chips(area);
  }
}

// --- The form of this page: in the dialog, at once and without another answer of the server
const form = document.querySelector("main #ask:has(textarea[data-chips])");
const dialog = document.getElementById("dialog");

function open() {
  const body = dialog.querySelector("[data-dialog-body]");
  body.replaceChildren(form);
  dialog.setAttribute("aria-labelledby", "share");
  start(form);
  dialog.showModal();
  const wrong = form.querySelector(".message[autofocus], fieldset[autofocus], :is(input, textarea)[aria-invalid=true]");
  (wrong ?? form.querySelector(".chips-in input")).focus();
}

if (form && dialog?.showModal) {
  form.remove();
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-share]")) return;
    event.preventDefault();
    open();
  });
  if ("open" in form.dataset || location.hash === "#ask") open();
}

// --- What is shared with the reader: a row that goes says so
const given = document.getElementById("given");
const names = () => new Map([...given.querySelectorAll("[data-name]")].map((row) => [row.id, row.dataset.name]));
let before = given ? names() : new Map();
given?.addEventListener("htmx:afterSwap", () => {
  const now = names();
  for (const [id, name] of before) {
    if (now.has(id)) continue;
    const note = Object.assign(document.createElement("p"), { className: "message info" });
    note.textContent = interpolate(gettext("%(name)s is not shared with you any more."), { name });
    document.getElementById("gone").append(note);
  }
  before = now;
});
