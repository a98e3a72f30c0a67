// What a container writes, as it writes it. Text only: nothing in it becomes part of the page.

import { Socket } from "./socket.js";
import { clock } from "./words.js";

const KEPT = 5_000; // lines in the page
const TAIL = 200; // lines to begin with
const TOGETHER = 50; // milliseconds of lines that are shown in one go

// Colours and cursor movements (ECMA-48), titles and links (OSC), and whatever else is not text.
const CONTROL = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f]/g;

class Log {
  constructor(place) {
    this.place = place;
    this.lines = place.querySelector("[data-lines]");
    this.said = place.querySelector("[data-said]");
    this.toggle = place.querySelector("[data-toggle]");
    this.toEnd = place.querySelector("[data-to-end]");
    this.filter = place.querySelector("[data-filter]");
    this.count = place.querySelector("[data-count]");
    this.noted = ""; // time of the last end or start
    this.last = ""; // time of the last line, from which another connection goes on
    this.waiting = [];
    this.atEnd = true;
    this.ended = false;

    this.toggle.addEventListener("click", () => (this.socket ? this.halt() : this.go()));
    this.toEnd.addEventListener("click", () => this.scroll());
    this.filter.addEventListener("input", () => this.sift());
    this.lines.addEventListener("scroll", () => this.look());
    // Reading costs the host something: nobody pays for a log that nobody scrolls to.
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      this.go();
    });
    seen.observe(place);
  }

  /** A log that could not be read may be there when the container runs again. */
  state({ state, lifecycle }) {
    if (this.ended && (state === "running" || lifecycle === "running")) this.go();
  }

  go() {
    this.ended = false;
    const query = () => new URLSearchParams({ tail: this.last ? KEPT : TAIL, follow: 1, ...(this.last && { after: this.last }) });
    this.socket?.close();
    this.socket = new Socket(() => `${this.place.dataset.address}?${query()}`, {
      opened: () => {
        this.offset = 0; // counted by connection
        this.say("");
      },
      message: (message) => this.take(message),
      away: (detail) => this.say(detail || "Reconnecting…"),
      over: (code, detail) => this.finish(detail || "The log has ended."),
    });
    this.toggle.textContent = "Stop";
    this.say("");
  }

  halt(words = "Stopped.") {
    this.socket?.close();
    this.socket = undefined;
    this.toggle.textContent = "Continue";
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
      this.waiting.push({ at: message.at, stream: "note", text: message.detail ?? "It was started." });
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
    this.lines.append(fresh);
    while (this.lines.childElementCount > KEPT) this.lines.firstElementChild.remove();
    if (this.atEnd) this.scroll();
    this.tally();
  }

  draw({ at, stream, text }) {
    const line = document.createElement("div");
    const time = document.createElement("time");
    const words = document.createElement("span");
    line.className = `line ${stream}`;
    time.dateTime = at;
    time.textContent = clock(at);
    words.textContent = text.replace(CONTROL, "");
    line.append(time, words);
    if (stream === "stderr") {
      const which = document.createElement("span");
      which.className = "which";
      which.textContent = "err ";
      line.insertBefore(which, words);
    }
    line.hidden = !this.wanted(line);
    return line;
  }

  wanted(line) {
    const sought = this.filter.value.toLowerCase();
    return !sought || line.lastElementChild.textContent.toLowerCase().includes(sought);
  }

  sift() {
    for (const line of this.lines.children) line.hidden = !this.wanted(line);
    if (this.atEnd) this.scroll();
    this.tally();
  }

  tally() {
    const all = this.lines.childElementCount;
    const found = this.filter.value ? this.lines.querySelectorAll(":scope > :not([hidden])").length : all;
    this.count.textContent = this.filter.value ? `${found} of ${all} lines` : `${all} lines`;
  }

  scroll() {
    this.lines.scrollTop = this.lines.scrollHeight;
    this.look();
  }

  look() {
    this.atEnd = this.lines.scrollHeight - this.lines.scrollTop - this.lines.clientHeight < 8;
    this.toEnd.hidden = this.atEnd;
  }

  say(words) {
    this.said.textContent = words;
  }
}

export const start = (place) => new Log(place);
