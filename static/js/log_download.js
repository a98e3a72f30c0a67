// A part of a log as a file, read over a connection of its own beside the one that is shown.

import { Socket } from "./socket.js";
import { gettext } from "./words.js";

/** The last lines, `most` of them, of those not older than `since` seconds where that is given. Fails with words for people. */
export function tail(address, most, since) {
  const after = since ? { after: new Date(Date.now() - 1000 * since).toISOString() } : {};
  const query = new URLSearchParams({ tail: most, follow: 0, ...after });
  const lines = [];
  return new Promise((done, failed) => {
    let parts = ""; // of a line that is too long for one message
    let opened = false;
    const socket = new Socket(
      () => `${address}?${query}`,
      {
        message: (message) => {
          opened ||= message.type === "opened";
          if (message.type !== "lines") return;
          for (const { at, stream, text, part } of message.lines) {
            parts += text;
            if (part) continue;
            lines.push(`${at} ${stream === "stderr" ? "err " : ""}${parts}\n`);
            parts = "";
          }
          if (lines.length > 2 * most) lines.splice(0, lines.length - most);
          socket.send({ type: "ack", offset: message.to });
        },
        over: (code, detail) => {
          if (code === 1000 && opened && !detail) done(lines.slice(-most));
          else failed(new Error(detail || gettext("The log could not be read to its end. Try again.")));
        },
      },
      { once: true },
    );
  });
}

/** Hands lines to the browser as a file. */
export function save(lines, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(lines, { type: "text/plain;charset=utf-8" }));
  link.download = `${name}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.log`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
