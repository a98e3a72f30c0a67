// A shell in the container. xterm.js draws; it is fetched when somebody opens one.

import { Socket } from "./socket.js";
import { gettext, interpolate } from "./words.js";

const PIECE = 16 * 1024; // bytes in one message
const WINDOW = 64 * 1024; // bytes typed or pasted that the shell has not taken yet
const ACK = 32 * 1024; // bytes drawn after which the server is told so at once, and else after a moment
const MOMENT = 50; // milliseconds
const NEAR = 3_000; // milliseconds between the end of a container and what is told of its shell
const SIGNALLED = 128; // exit codes from here on are of what a signal ended
const NOT_ALLOWED = new Set([4403, 4405]);

const STOPPED = gettext("The container has stopped, and the shell with it.");

const encoder = new TextEncoder();

/**
 * xterm.js makes style sheets in the page, which the content policy takes by their nonce alone, and writes `style`
 * attributes, which it never takes; the same through the object model is allowed. Its option `documentOverride` reaches
 * some of these places only (6.0.0), so what the page makes from now on is made like this.
 */
function underPolicy() {
  const { nonce } = document.querySelector("link[nonce]");
  const createElement = document.createElement;
  function setAttribute(name, value) {
    if (name === "style") this.style.cssText = value;
    else Element.prototype.setAttribute.call(this, name, value);
  }
  document.createElement = (...what) => {
    const element = createElement.apply(document, what);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    element.setAttribute = setAttribute;
    return element;
  };
}

class Shell {
  constructor(place) {
    this.place = place;
    this.open = place.querySelector("[data-open]");
    this.shut = place.querySelector("[data-close]");
    this.screen = place.querySelector("[data-screen]");
    this.help = place.querySelector("[data-help]");
    this.said = place.querySelector("[data-said]");
    this.open.addEventListener("click", () => this.begin());
    this.shut.addEventListener("click", () => this.finish(gettext("Closed.")));
    this.allowed = true;
    this.killed = this.stopped = -NEAR; // when a shell was ended by a signal; when the container ended
  }

  /** Without the permission no button is left that could not work; why is said. */
  permitted(permissions) {
    const before = this.allowed;
    this.allowed = permissions.includes("shell");
    this.open.hidden = !this.allowed || !this.shut.hidden;
    if (before && !this.allowed && !this.socket) this.said.textContent = gettext("You may not open a terminal here any more; ask its owner.");
    if (!before && this.allowed && !this.socket) this.said.textContent = gettext("You may open a terminal here again.");
  }

  /** The container's end and that of its shell are told by different ways, in either order. */
  event({ event }) {
    if (event !== "died") return;
    this.stopped = performance.now();
    if (this.stopped - this.killed < NEAR && !this.socket) this.said.textContent = STOPPED;
  }

  async begin() {
    this.open.disabled = true;
    this.said.textContent = gettext("Opening…");
    try {
      const [{ Terminal }, { FitAddon }] = await Promise.all([
        import("../vendor/xterm-6.0.0.js"),
        import("../vendor/xterm-addon-fit-0.11.0.js"),
      ]);
      if (!this.terminal) underPolicy();
      this.draw(Terminal, FitAddon);
    } catch {
      this.open.disabled = false;
      this.said.textContent = gettext("The terminal could not be loaded. Try again.");
      return;
    }
    this.connect();
  }

  draw(Terminal, FitAddon) {
    this.terminal?.dispose(); // of before: what it showed could be read until now
    this.screen.hidden = this.help.hidden = false;
    const style = getComputedStyle(this.screen);
    this.terminal = new Terminal({
      theme: { background: style.backgroundColor, foreground: style.color, cursor: style.color },
      fontFamily: style.fontFamily,
      fontSize: parseFloat(style.fontSize),
      scrollback: 5_000,
      logLevel: "off", // bytes that are no text, or no sequence that it knows, are nobody's fault
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    });
    const fit = new FitAddon();
    this.terminal.loadAddon(fit);
    this.terminal.open(this.screen);
    fit.fit();
    let later;
    this.sized?.disconnect();
    this.sized = new ResizeObserver(() => {
      clearTimeout(later);
      later = setTimeout(() => this.screen.offsetParent && fit.fit(), 100); // of another tab there is nothing to measure
    });
    this.sized.observe(this.screen);
    this.terminal.attachCustomKeyEventHandler((event) => this.leave(event));
  }

  /** A shell takes every key, Tab too: there must be one that leads out. Once it has ended, Tab is the page's again. */
  leave(event) {
    if (event.key === "Tab" && !this.socket) return false;
    if (!(event.ctrlKey && event.shiftKey && event.key === "ArrowUp")) return true;
    if (event.type === "keydown") (this.shut.hidden ? this.open : this.shut).focus();
    return false;
  }

  connect() {
    const { terminal } = this;
    this.sent = this.taken = this.drawn = this.told = 0;
    this.queue = [];
    this.began = this.lost = false;
    this.code = null;
    const size = () => new URLSearchParams({ columns: terminal.cols, rows: terminal.rows });
    this.socket = new Socket(
      () => `${this.place.dataset.address}?${size()}`,
      {
        message: (message) => this.take(message),
        bytes: (data) => terminal.write(data, () => this.terminal === terminal && this.tell(data.length)),
        away: () => (this.said.textContent = gettext("The server has not answered yet…")),
        over: (code, detail) => {
          this.lost = code !== 1000;
          this.finish(this.why(code, detail));
        },
      },
      { once: true },
    );
    terminal.onData((text) => this.type(encoder.encode(text)));
    terminal.onBinary((text) => this.type(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => this.socket?.send({ type: "resize", columns: cols, rows }));
  }

  take(message) {
    if (message.type === "opened") {
      this.began = true;
      this.said.textContent = "";
      this.open.hidden = true;
      this.open.disabled = false;
      this.shut.hidden = false;
      const { cols, rows } = this.terminal; // it may have another size by now
      this.socket.send({ type: "resize", columns: cols, rows });
      this.terminal.focus();
    } else if (message.type === "ack") {
      this.taken = message.bytes;
      this.pass();
    } else if (message.type === "exit") {
      this.code = message.code;
    }
  }

  type(bytes) {
    if (!this.socket) return;
    for (let from = 0; from < bytes.length; from += PIECE) this.queue.push(bytes.subarray(from, from + PIECE));
    this.pass();
  }

  /** As much as the window has room for; the rest waits for what the shell takes. */
  pass() {
    while (this.queue.length && this.sent - this.taken + this.queue[0].length <= WINDOW) {
      const piece = this.queue.shift();
      if (!this.socket?.send(piece)) return;
      this.sent += piece.length;
    }
  }

  /** What was drawn is acknowledged, and not what arrived: so a slow browser slows the shell down. */
  tell(length) {
    this.drawn += length;
    const now = () => {
      clearTimeout(this.later);
      this.later = undefined;
      this.told = this.drawn;
      this.socket?.send({ type: "ack", bytes: this.drawn });
    };
    if (this.drawn - this.told >= ACK) now();
    else this.later ??= setTimeout(now, MOMENT);
  }

  why(code, detail) {
    if (code === 1000 && this.began && (this.code ?? SIGNALLED) >= SIGNALLED) {
      this.killed = performance.now();
      if (this.killed - this.stopped < NEAR) return STOPPED;
    }
    if (NOT_ALLOWED.has(code)) this.allowed = false;
    if (this.code !== null) return interpolate(gettext("The shell has ended with exit code %(code)s."), { code: this.code });
    if (code === 1000) return detail || gettext("The shell has ended.");
    return detail || gettext("The connection was lost, and the shell with it.");
  }

  /** What a shell showed stays to be read; where there was none, there is nothing to see. */
  finish(words) {
    const within = this.place.contains(document.activeElement);
    this.socket?.close();
    this.socket = undefined;
    clearTimeout(this.later);
    this.later = undefined;
    if (this.terminal) this.terminal.options.disableStdin = true;
    this.said.textContent = words;
    this.screen.hidden = this.help.hidden = !this.began;
    const lost = this.began && this.code === null && this.lost;
    this.open.textContent = lost ? gettext("Reconnect") : this.began ? gettext("Open another") : gettext("Try again");
    this.open.disabled = false;
    this.open.hidden = !this.allowed;
    this.shut.hidden = true;
    if (within) this.open.focus();
  }
}

export const start = (place) => new Shell(place);
