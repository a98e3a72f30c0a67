// Words, numbers and times as people read them, in the manner of the server's pages.

// Django's catalogue of the page's language, which the page loads first. Without it, what stands here is what is said.
const catalogue = () => globalThis.django ?? {};

export const gettext = (message) => catalogue().gettext?.(message) ?? message;

export const ngettext = (one, many, number) => catalogue().ngettext?.(one, many, number) ?? (number === 1 ? one : many);

/** "%(name)s" in a text → its value in `values`. */
export const interpolate = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

const GAP = "\u00a0"; // a number and its unit stay on one line

/** As the page's language writes it. */
export const number = (value, how) => value.toLocaleString(document.documentElement.lang || "en", how);

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1536 → "1.5 KiB", 2048 → "2 KiB", 400 000 → "391 KiB" */
export function size(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit < UNITS.length - 1) {
    bytes /= 1024;
    unit += 1;
  }
  const digits = unit && bytes < 100 ? 1 : 0;
  return `${number(bytes, { maximumFractionDigits: digits, useGrouping: false })}${GAP}${UNITS[unit]}`;
}

export const rate = (bytesPerSecond) => `${size(bytesPerSecond)}/s`;

/** 3.14159 → "3.1 %", 42.4 → "42 %" */
export function percent(share) {
  const digits = share < 10 ? 1 : 0;
  return `${number(share, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false })}${GAP}%`;
}

const pad = (value, width = 2) => String(value).padStart(width, "0");

/** An ISO time → "12:03:04.123" in the reader's zone. */
export function clock(iso) {
  const at = new Date(iso);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
}

/** Seconds → "38 ms", "3.1 s", "12 s", as the server's pages write how long a step took. */
export function lasted(seconds) {
  if (seconds < 0.1) return `${Math.round(seconds * 1000)}${GAP}ms`;
  const digits = seconds < 10 ? 1 : 0;
  return `${number(seconds, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false })}${GAP}s`;
}

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
