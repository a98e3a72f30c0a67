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

/** Milliseconds since the epoch → "5 minutes ago"; nothing where the server's words stand: after more than a month. */
export function since(at) {
  const seconds = (Date.now() - at) / 1000;
  if (seconds < 60) return gettext("just now");
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
  const [unit, length] = units.find(([, length]) => seconds >= length);
  if (unit === "day" && seconds > 7 * length) return "";
  const locale = document.documentElement.lang;
  return new Intl.RelativeTimeFormat(locale, { numeric: "always" }).format(-Math.floor(seconds / length), unit);
}

/** The words of the reader's language, from Django's catalogue where the page has it. */
export const gettext = (words) => globalThis.django?.gettext?.(words) ?? words;
