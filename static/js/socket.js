// A websocket that comes back by itself. docs/websockets.md has the protocol.

const FIRST = 300; // milliseconds before the first new try; each further one waits twice as long
const LONGEST = 5_000;
const SILENCE = 40_000; // the server pings every 15 s: whatever says nothing for so long is gone
const PATIENCE = 1_000; // a shorter absence is nobody's business

const SIGNED_OUT = 4401;
// What another try would not change: over, not understood, signed out, access ended, not found, not permitted, deleted.
const FINAL = new Set([1000, 4400, SIGNED_OUT, 4403, 4404, 4405, 4409]);

/** To the sign-in page; not twice in a minute, in case that page finds us signed in and sends us back. */
function signIn() {
  const before = Number(sessionStorage.getItem("signed-out"));
  if (Date.now() - before < 60_000) return false;
  sessionStorage.setItem("signed-out", Date.now());
  location.assign(document.querySelector("[data-sign-in]").dataset.signIn);
  return true;
}

/**
 * `address()` gives path and query, asked anew for every connection. `heard` is told
 *   opened()                  a connection stands, the first or another one, and the server has begun to speak
 *   message(object)           for each text frame
 *   bytes(Uint8Array)         for each binary frame
 *   away(detail)              there has been none for a second; it is tried on. The server may have said why
 *   over(code, detail)        there will be none any more; `detail` is the server's words for people, or empty
 * Each may be left out. With `once` the first end is the last: what was behind it is lost with it.
 */
export class Socket {
  constructor(address, heard, { once = false } = {}) {
    Object.assign(this, { address, heard, once });
    this.tries = 0;
    this.done = false;
    this.stop = new AbortController();
    const { signal } = this.stop;
    addEventListener("online", () => this.hurry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry(), { signal });
    this.watch = setInterval(() => this.listen(), 5_000);
    this.connect();
  }

  /** Whether it went out. What is sent while the connection is away is lost, for the server starts afresh as well. */
  send(what) {
    if (!this.greeted || this.wire.readyState !== WebSocket.OPEN) return false;
    this.wire.send(what instanceof Uint8Array ? what : JSON.stringify(what));
    return true;
  }

  /** For good, by our own wish: nobody is told. */
  close() {
    this.end();
    this.wire?.close(1000);
  }

  connect() {
    clearTimeout(this.retry);
    this.heardAt = Date.now();
    this.greeted = false;
    this.patience ??= setTimeout(() => this.heard.away?.(this.said), PATIENCE);
    const wire = new WebSocket(new URL(this.address(), location.href.replace(/^http/, "ws")));
    this.wire = wire;
    wire.binaryType = "arraybuffer";
    // A wire that was given up may still have something to say; only the present one counts.
    wire.onmessage = ({ data }) => this.wire === wire && !this.done && this.take(data);
    wire.onclose = ({ code }) => this.wire === wire && this.lost(code);
  }

  take(data) {
    this.heardAt = Date.now();
    if (data instanceof ArrayBuffer) return this.heard.bytes?.(new Uint8Array(data));
    const message = JSON.parse(data);
    if (message.type === "error") this.said = message.detail;
    else this.greet();
    this.heard.message?.(message);
  }

  /** The server accepts before it refuses: only what it says shows that all is well. */
  greet() {
    if (this.greeted) return;
    this.greeted = true;
    this.tries = 0;
    this.said = "";
    clearTimeout(this.patience);
    this.patience = undefined;
    this.heard.opened?.();
  }

  lost(code) {
    if (this.done) return;
    if (code === SIGNED_OUT && signIn()) {
      this.end();
    } else if (this.once || FINAL.has(code)) {
      this.end();
      this.heard.over?.(code, this.said);
    } else {
      this.patience ??= setTimeout(() => this.heard.away?.(this.said), PATIENCE);
      const wait = Math.min(LONGEST, FIRST * 2 ** this.tries++);
      this.retry = setTimeout(() => this.connect(), wait * (0.5 + Math.random() / 2)); // not all pages at once
    }
  }

  /** Somebody looks again, or the network is back: there is no reason to wait any longer. */
  hurry() {
    if (!this.done && this.wire.readyState === WebSocket.CLOSED) this.connect();
  }

  listen() {
    if (this.done || this.wire.readyState === WebSocket.CLOSED || Date.now() - this.heardAt < SILENCE) return;
    const { wire } = this;
    this.lost(1006);
    this.wire = { readyState: WebSocket.CLOSED };
    wire.close(); // it may take its time to notice
  }

  end() {
    this.done = true;
    this.stop.abort();
    clearInterval(this.watch);
    clearTimeout(this.retry);
    clearTimeout(this.patience);
  }
}
