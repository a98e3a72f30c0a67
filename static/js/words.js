// Numbers and times as people read them, in the manner of the server's pages.

const GAP = "\u00a0"; // a number and its unit stay on one line

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** 1536 → "1.5 KB", 2048 → "2 KB", 400 000 → "391 KB" */
export function size(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit < UNITS.length - 1) {
    bytes /= 1024;
    unit += 1;
  }
  return `${+bytes.toFixed(unit && bytes < 100 ? 1 : 0)}${GAP}${UNITS[unit]}`;
}

export const rate = (bytesPerSecond) => `${size(bytesPerSecond)}/s`;

/** 3.14159 → "3.1 %", 42.4 → "42 %" */
export const percent = (share) => `${share < 10 ? share.toFixed(1) : Math.round(share)}${GAP}%`;

/** An ISO time → "12:03:04.123", UTC as everywhere. */
export const clock = (iso) => iso.slice(11, 23).replace(/Z$/, "");
