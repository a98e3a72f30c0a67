// What a container writes, as it writes it. Text only: nothing in it becomes part of the page.

import { save, tail } from "./log_download.js";
import { Socket } from "./socket.js";
import { clock, gettext, interpolate, ngettext, number } from "./words.js";

const KEPT = 5_000; // lines in the page
const HELD = 2 * KEPT; // while somebody reads further up, and none is taken from under their eyes
const TAIL = 200; // lines to begin with
const EMPTY = 500; // milliseconds after which a log in which nothing came has nothing
const TOGETHER = 50; // milliseconds of lines that are shown in one go

// Colours and cursor movements (ECMA-48), titles and links (OSC), and whatever else is not text.
const CONTROL = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f]/g;
const OVERWRITTEN = /^.*\r(?=[^\r])|\r+$/gs; // a line that was written over itself reads as it ended
const NOT_ALLOWED = new Set([4403, 4405]);

const counted = (count) => interpolate(ngettext("%(count)s line", "%(count)s lines", count), { count: number(count) });

/** What the button says that leads to the end: how many came since somebody reads further up. */
function toEnd(count, more) {
  if (!count) return gettext("To the end");
  const words = more
    ? ngettext("To the end: more than %(count)s new line", "To the end: more than %(count)s new lines", count)
    : ngettext("To the end: %(count)s new line", "To the end: %(count)s new lines", count);
  return interpolate(words, { count: number(count) });
}

/** Turns a button that is pressed or not; returns whether it is now. */
function pressed(button) {
  const now = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", now);
  return now;
}

/** A text, and where in it what is sought stands, whatever its case. */
function marked(text, sought) {
  const parts = [];
  const folded = text.toLowerCase();
  let from = 0;
  // A letter that grows when it is made small would shift what follows: such a line is not marked within.
  for (let at = folded.indexOf(sought); at >= 0 && folded.length === text.length; at = folded.indexOf(sought, from)) {
    const mark = document.createElement("mark");
    mark.textContent = text.slice(at, at + sought.length);
    parts.push(text.slice(from, at), mark);
    from = at + sought.length;
  }
  return [...parts, text.slice(from)];
}

class Log {
  constructor(place) {
    this.place = place;
    this.box = place.querySelector("[data-lines]");
    this.lines = place.querySelector("[data-rows]");
    this.none = place.querySelector("[data-none]");
    this.said = place.querySelector("[data-said]");
    this.toggle = place.querySelector("[data-toggle]");
    this.toEnd = place.querySelector("[data-to-end]");
    this.filter = place.querySelector("[data-filter]");
    this.count = place.querySelector("[data-count]");
    this.found = place.querySelector("[data-found]");
    this.only = place.querySelector("[data-only]");
    this.where = place.querySelector("[data-place]");
    this.noted = ""; // time of the last end or start
    this.last = ""; // time of the last line, from which another connection goes on
    this.waiting = [];
    this.unseen = 0; // lines that came since somebody began to read further up
    this.atEnd = true;
    this.ended = false;
    this.held = false; // no more is fetched until somebody is at the end again
    this.allowed = true;

    this.toggle.addEventListener("click", () => this.turn());
    this.toEnd.addEventListener("click", () => this.scroll());
    this.filter.addEventListener("input", () => this.sift());
    this.filter.addEventListener("keydown", (event) => event.key === "Enter" && this.goTo(event.shiftKey ? -1 : 1));
    place.querySelector("[data-previous]").addEventListener("click", () => this.goTo(-1));
    place.querySelector("[data-next]").addEventListener("click", () => this.goTo(1));
    this.only.addEventListener("click", () => {
      pressed(this.only);
      this.sift();
    });
    const look = (name, without) => {
      const button = place.querySelector(`[data-${name}]`);
      button.addEventListener("click", () => {
        this.box.classList.toggle(without, !pressed(button));
        if (this.atEnd) this.scroll();
      });
    };
    look("wrap", "unwrapped");
    look("times", "timeless");
    place.querySelector("[data-download-shown]").addEventListener("click", () => this.keep());
    place.querySelector("[data-download]").addEventListener("submit", (event) => this.fetch(event));
    this.box.addEventListener("scroll", () => this.look());
    // Reading costs the host something: nobody pays for a log that nobody looks at, in a tab that is not shown say.
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      this.go();
    });
    seen.observe(place);
  }

  /** A log that could not be read may be there when the container runs again. */
  state({ state, lifecycle }) {
    if (this.allowed && this.ended && (state === "running" || lifecycle === "running")) this.go();
  }

  /** Without the permission no button is left that could not work; the server's words say why. */
  permitted(permissions) {
    const before = this.allowed;
    this.allowed = permissions.includes("operate");
    this.toggle.hidden = !this.allowed;
    if (before && !this.allowed && !this.socket) this.say(gettext("You may not read the log any more; ask its owner."));
    if (!before && this.allowed) this.say(gettext("You may read the log again."));
  }

  go() {
    this.ended = this.held = false;
    const query = () => new URLSearchParams({ tail: this.last ? KEPT : TAIL, follow: 1, ...(this.last && { after: this.last }) });
    this.socket?.close();
    this.socket = new Socket(() => `${this.place.dataset.address}?${query()}`, {
      opened: () => {
        this.offset = 0; // counted by connection
        this.say("");
      },
      message: (message) => this.take(message),
      away: (detail) => this.say(detail ? `${detail} ${gettext("It is tried again by itself.")}` : gettext("Reconnecting…")),
      over: (code, detail) => {
        if (NOT_ALLOWED.has(code)) this.permitted([]);
        this.finish(detail || gettext("The log has ended."));
      },
    });
    this.toggle.textContent = gettext("Pause");
    this.say("");
  }

  turn() {
    if (this.socket) this.halt();
    else if (this.held) this.scroll(); // where it goes on
    else this.go();
  }

  halt(words = gettext("Paused.")) {
    this.held = false;
    this.socket?.close();
    this.socket = undefined;
    this.toggle.textContent = gettext("Follow");
    this.say(words);
  }

  finish(words) {
    this.halt(words);
    this.ended = true;
  }

  take(message) {
    if (message.type === "lines") {
      for (const line of message.lines) {
        this.waiting.push(line);
        // The two streams are not in order of each other; all parts of a line have one time.
        if (!line.part && line.at > this.last) this.last = line.at;
      }
      this.offset = message.to;
    } else if (message.type === "ended" || message.type === "started") {
      if (message.at <= this.noted) return; // said again after a reconnection
      this.noted = message.at;
      this.waiting.push({ at: message.at, stream: "note", text: message.detail ?? gettext("It was started.") });
    } else if (message.type === "opened") {
      setTimeout(() => this.tally(), EMPTY);
      return;
    } else {
      return;
    }
    const { socket } = this;
    // A timer, not a frame: a page in the background gets none, and has to acknowledge all the same.
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.show();
      if (this.offset) socket.send({ type: "ack", offset: this.offset });
    }, TOGETHER);
  }

  show() {
    const fresh = document.createDocumentFragment();
    for (const line of this.waiting.splice(0).slice(-KEPT)) {
      fresh.append(this.draw(line));
    }
    if (!this.atEnd) this.unseen += [...fresh.children].filter((line) => !line.hidden).length;
    this.lines.append(fresh);
    if (this.atEnd) this.scroll();
    else if (this.lines.childElementCount > HELD && this.socket) this.hold();
    this.tally();
  }

  /** Somebody reads, and the page is full: what follows waits at the host, and not in between. */
  hold() {
    this.halt(gettext("Paused while you read. It goes on at the end."));
    this.held = true;
  }

  draw({ at, stream, text }) {
    const line = document.createElement("div");
    const time = document.createElement("time");
    const words = document.createElement("span");
    line.className = `line ${stream}`;
    time.dateTime = at;
    time.textContent = clock(at);
    words.textContent = text.replace(OVERWRITTEN, "").replace(CONTROL, "");
    line.append(time, words);
    if (stream === "stderr") {
      const which = document.createElement("span");
      which.className = "which";
      which.textContent = `${gettext("err")} `;
      line.insertBefore(which, words);
    }
    this.paint(line);
    return line;
  }

  get sought() {
    return this.filter.value.toLowerCase();
  }

  /** Hidden or not, and with what is sought marked in it. */
  paint(line) {
    const words = line.lastElementChild;
    const text = words.textContent;
    const { sought } = this;
    const found = Boolean(sought) && text.toLowerCase().includes(sought);
    if (found) words.replaceChildren(...marked(text, sought));
    else if (words.firstElementChild) words.textContent = text;
    line.classList.toggle("found", found);
    line.hidden = Boolean(sought) && !found && this.only.getAttribute("aria-pressed") === "true";
  }

  sift() {
    this.here?.classList.remove("here");
    this.here = undefined;
    this.where.textContent = "";
    for (const line of this.lines.children) this.paint(line);
    this.found.hidden = !this.sought;
    if (this.atEnd) this.scroll();
    else this.look();
    this.tally();
  }

  /** To the next line that has what is sought, or the one before; round the end to the beginning. */
  goTo(by) {
    const found = [...this.lines.querySelectorAll(":scope > .found")];
    if (!found.length) return;
    const at = found.indexOf(this.here);
    const to = at < 0 ? (by > 0 ? 0 : found.length - 1) : (at + by + found.length) % found.length;
    this.here?.classList.remove("here");
    this.here = found[to];
    this.here.classList.add("here");
    this.here.scrollIntoView({ block: "nearest" });
    this.where.textContent = interpolate(gettext("%(here)s of %(all)s"), { here: number(to + 1), all: number(found.length) });
  }

  /** As a file: what stands in the page, as it is sifted. */
  keep() {
    const lines = [...this.lines.children].filter((line) => !line.hidden);
    save(lines.map((line) => `${line.firstElementChild.dateTime} ${line.className.includes("stderr") ? "err " : ""}${line.lastElementChild.textContent}\n`), this.place.dataset.name);
    this.say(gettext("Downloaded."));
  }

  async fetch(event) {
    event.preventDefault();
    const { tail: most, since } = event.target.elements;
    const button = event.target.querySelector("button");
    button.disabled = true;
    this.say(gettext("The log is being read…"));
    try {
      const lines = await tail(this.place.dataset.address, Number(most.value), Number(since.value));
      save(lines, this.place.dataset.name);
      this.say(interpolate(gettext("Downloaded: %(lines)s."), { lines: counted(lines.length) }));
    } catch (error) {
      this.say(error.message);
    }
    button.disabled = false;
  }

  tally() {
    const all = this.lines.childElementCount;
    const found = this.sought ? this.lines.querySelectorAll(":scope > .found").length : all;
    this.count.textContent = this.filter.value ? interpolate(gettext("%(found)s of %(all)s"), { found: number(found), all: counted(all) }) : counted(all);
    this.none.textContent = all ? gettext("No line has these words.") : gettext("Nothing was written yet.");
    this.none.hidden = found > 0 || (all > 0 && this.only.getAttribute("aria-pressed") !== "true");
    this.toEnd.textContent = toEnd(this.unseen, this.held);
  }

  scroll() {
    this.box.scrollTop = this.box.scrollHeight;
    this.look();
  }

  look() {
    this.atEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 8;
    this.toEnd.hidden = this.atEnd;
    if (!this.atEnd) return;
    this.unseen = 0;
    this.toEnd.textContent = toEnd(0);
    while (this.lines.childElementCount > KEPT) this.lines.firstElementChild.remove();
    if (this.held && this.allowed) this.go();
  }

  say(words) {
    this.said.textContent = words;
  }
}

export const start = (place) => new Log(place);
