// CPU, memory, network and disk of one container: what was recorded, and the live line at its end. uPlot draws.

import { gettext, interpolate, number, percent, rate, size } from "./words.js";

const KEPT = 600; // live samples; what is older comes from the record
const AGAIN = 300_000; // milliseconds after which the record is read anew
const GAP = 5; // seconds without a sample that are shown as none
const LAG = 30; // seconds after which what was measured is on record for sure
const SPANS = { now: 300, "1h": 3_600, "24h": 86_400, "30d": 2_592_000 };
const MARKS = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 7_200, 14_400]; // minutes between two of the axis
const NEAR = 0.25; // of the limit: from here on the scale reaches up to it
const NAMES = {
  now: gettext("%(what)s of the last five minutes: %(told)s"),
  "1h": gettext("%(what)s of the last hour: %(told)s"),
  "24h": gettext("%(what)s of the last 24 hours: %(told)s"),
  "30d": gettext("%(what)s of the last 30 days: %(told)s"),
};

const pad = (number) => String(number).padStart(2, "0");

// In the reader's zone, which is the browser's. Days as on the other pages: the day before the month.
const language = document.documentElement.lang || "en";
const days = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { day: "numeric", month: "short" });
const day = (date) => days.format(date);
const minute = (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}`;
const second = (date) => `${minute(date)}:${pad(date.getSeconds())}`;

/** Seconds since 1970 → a mark of the axis, as the distance of two asks for. */
function mark(seconds, apart) {
  const date = new Date(seconds * 1000);
  return apart >= 86_400 ? day(date) : minute(date);
}

const powers = Array.from({ length: 44 }, (_, power) => 2 ** power); // marks at round numbers of bytes
const LINE = { stroke: (style) => style.stroke, fill: (style) => style.fill, width: 2 };
const DOTTED = { stroke: (style) => style.color, width: 1, dash: [2, 3] };
const DASHED = { stroke: (style) => style.color, width: 1.5, dash: [6, 4] };

/**
 * One figure with two lines. `word` makes a value readable, `label` one of the axis, which shows `floor` at least.
 * `lines` says how they are drawn; with `names` they are two things that are told one beside the other, and without
 * the second is the highest of the first. `limit()` is drawn as a line of its own where the scale reaches it.
 */
class Chart {
  constructor(figure, { title, word, label, floor, incrs, lines, names, limit }) {
    Object.assign(this, { figure, title, word, floor, names, limit });
    this.plot = figure.querySelector("[data-plot]");
    this.at = figure.querySelector("[data-at]");
    this.heard = figure.querySelector("[data-heard]");
    this.window = [0, 1];
    const style = getComputedStyle(this.plot); // the style sheet has the colours, for light and for dark
    this.style = style;
    const axis = { stroke: () => style.color, grid: { stroke: () => style.borderTopColor, width: 1 } };
    axis.ticks = axis.grid;
    axis.font = `12px ${style.fontFamily}`;
    const drawn = lines.map(({ stroke, fill, ...line }) => ({
      ...line,
      stroke: () => stroke(style),
      ...(fill && { fill: () => fill(style) }),
      points: { show: false },
    }));
    this.chart = new uPlot(
      {
        ...this.room(),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, sync: { key: "charts" } },
        scales: { x: { range: () => this.window }, y: { range: (_, low, high) => [0, this.top(high ?? 0)] } },
        axes: [
          {
            ...axis,
            space: 56, // pixels, for eight letters
            incrs: MARKS.map((minutes) => 60 * minutes),
            values: (_, marks, at, room, apart) => marks.map((seconds) => mark(seconds, apart)),
          },
          { ...axis, size: 76, values: (_, marks) => marks.map(label), ...(incrs && { incrs }) },
        ],
        series: [{}, ...drawn],
        hooks: { setCursor: [({ cursor }) => this.point(cursor.idx)], draw: [() => this.bound()] },
      },
      [[], ...lines.map(() => [])],
      this.plot,
    );
    this.plot.addEventListener("keydown", (event) => this.step(event));
    // A chart that nobody sees has no size: it gets one when its tab is shown.
    new ResizeObserver(() => this.plot.clientWidth && this.chart.setSize(this.room())).observe(this.plot);
  }

  room() {
    return { width: Math.max(200, this.plot.clientWidth), height: 180 };
  }

  top(high) {
    const limit = this.limit?.();
    const top = Math.max(this.floor, high * 1.1);
    return limit && high >= NEAR * limit ? Math.max(top, limit * 1.08) : top;
  }

  /** The limit, where the scale reaches it. */
  bound() {
    const limit = this.limit?.();
    const { ctx, bbox, scales } = this.chart;
    if (!limit || limit > scales.y.max) return;
    const height = this.chart.valToPos(limit, "y", true);
    ctx.save();
    ctx.strokeStyle = this.style.outlineColor;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([8 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, height);
    ctx.lineTo(bbox.left + bbox.width, height);
    ctx.stroke();
    ctx.restore();
  }

  /** With the keyboard: to the point before or behind, or to either end, of those that are shown and were measured. */
  step(event) {
    const [times, values] = this.chart.data;
    const shown = [...times.keys()].filter((index) => times[index] >= this.window[0] && values[index] !== null);
    const here = this.chart.cursor.idx ?? shown.at(-1);
    const found = {
      ArrowLeft: shown.findLast((index) => index < here),
      ArrowRight: shown.find((index) => index > here),
      Home: shown[0],
      End: shown.at(-1),
    }[event.key];
    if (found === undefined) return;
    event.preventDefault();
    this.chart.setCursor({ left: this.chart.valToPos(times[found], "x"), top: 0 });
    this.heard.textContent = this.at.textContent; // what moves under the pointer, or with time, is read to nobody
  }

  draw(window, data, span) {
    this.window = window;
    this.chart.setData(data);
    this.point(this.chart.cursor.idx); // what lies under it may be another by now
    this.plot.setAttribute("aria-label", interpolate(NAMES[span], { what: this.title, told: this.told(window, data) }));
  }

  told(window, [times, ...lines]) {
    const seen = lines.map((line) => line.filter((value, at) => value !== null && times[at] >= window[0]));
    if (!seen[0].length) return gettext("nothing was measured");
    const words = (values, highest) =>
      interpolate(gettext("last %(last)s, highest %(highest)s"), {
        last: this.word(values.at(-1)),
        highest: this.word(Math.max(...highest)),
      });
    if (!this.names) return words(seen[0], seen[1]);
    return this.names.map((name, at) => `${name} ${words(seen[at], seen[at])}`).join("; ");
  }

  point(index) {
    const [times, ...lines] = this.chart.data;
    const values = lines.map((line) => line[index]);
    if (values[0] === null || values[0] === undefined) {
      this.at.textContent = "";
      return;
    }
    const date = new Date(times[index] * 1000);
    const when = this.window[1] - this.window[0] > 3_600 ? `${day(date)}, ${minute(date)}` : second(date);
    const value = this.names ? this.names.map((name, at) => `${this.word(values[at])} ${name}`).join(", ") : this.word(values[0]);
    this.at.textContent = interpolate(gettext("%(value)s at %(when)s"), { value, when });
  }
}

const bytes = { word: rate, label: rate, floor: 1024, incrs: powers, lines: [LINE, DASHED] };

class Charts {
  constructor(place) {
    this.place = place;
    this.live = [];
    this.record = { at: [] };
    this.span = "now";
    const chart = (name, how) => new Chart(place.querySelector(`[data-chart=${name}]`), how);
    this.charts = {
      cpu: chart("cpu", {
        title: gettext("CPU"),
        word: percent,
        label: (share) => `${number(share, { maximumFractionDigits: 1, useGrouping: false })} %`,
        floor: 5,
        lines: [LINE, DOTTED],
        limit: () => 100,
      }),
      memory: chart("memory", {
        title: gettext("Memory"),
        word: size,
        label: size,
        floor: 1024 ** 2,
        incrs: powers,
        lines: [LINE, DOTTED],
        limit: () => this.live.at(-1)?.memory.limit,
      }),
      network: chart("network", { ...bytes, title: gettext("Network"), names: [gettext("in"), gettext("out")] }),
      disk: chart("disk", { ...bytes, title: gettext("Disk"), names: [gettext("read"), gettext("written")] }),
    };
    this.said = place.querySelector("[data-said]");
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    place.querySelector("[data-zone]").textContent = interpolate(gettext("Times are those of %(zone)s."), { zone: timeZone });
    for (const button of place.querySelectorAll("[data-span]")) {
      button.addEventListener("click", () => this.choose(button.dataset.span));
    }
    const redraw = () => Object.values(this.charts).forEach(({ chart }) => chart.redraw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    setInterval(() => this.read(), AGAIN);
  }

  /** The record is asked for once somebody looks. */
  shown() {
    this.read();
  }

  get seen() {
    return !document.hidden && this.place.offsetParent !== null;
  }

  choose(span) {
    this.span = span;
    for (const button of this.place.querySelectorAll("[data-span]")) {
      button.setAttribute("aria-pressed", button.dataset.span === span);
    }
    this.read();
  }

  async read() {
    if (!this.place.dataset.metrics || !this.seen) return; // of what is being deleted there is nothing in a moment
    const range = this.span === "now" ? "1h" : this.span;
    const asked = this.span;
    let record;
    try {
      const answer = await fetch(`${this.place.dataset.metrics}?range=${range}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      record = await answer.json();
    } catch {
      this.said.textContent = gettext("What was recorded can't be read at the moment; the line begins now.");
      this.record = { at: [] };
      return this.draw();
    }
    if (asked !== this.span) return; // another was chosen meanwhile
    this.said.textContent = "";
    this.record = record;
    this.draw();
  }

  numbers(sample) {
    if (!this.live.length) setTimeout(() => this.read(), LAG * 1000); // by then it reaches up to here
    this.live.push({ ...sample, rates: this.rates(sample, this.live.at(-1)) });
    if (this.live.length > KEPT) this.live.shift();
    if (this.seen) this.draw();
  }

  /** Bytes a second since the sample before: received, sent, read, written. Counters begin anew with the container. */
  rates(now, before) {
    const seconds = before && (now.at - before.at) / 1000;
    const counters = ({ network, block }) => [network.rx, network.tx, block.read, block.write];
    if (!before || seconds > GAP) return [null, null, null, null];
    const then = counters(before);
    return counters(now).map((count, at) => (count >= then[at] ? (count - then[at]) / seconds : null));
  }

  /** How many points the record has without those at its end that are not written yet. */
  recorded() {
    const { at, memory_used: measured, to, resolution } = this.record;
    let count = at.length;
    while (count && measured[count - 1] === null && at[count - 1] + resolution > to - LAG) count -= 1;
    return count;
  }

  /** The record up to where the live line begins, then the live line; null wherever nothing was measured. */
  draw() {
    const cores = document.querySelector("[data-cpu]").dataset.cpu / 1000;
    const begun = this.live.length ? this.live[0].at / 1000 : Infinity;
    const { at, resolution = 0 } = this.record;
    const share = (value) => (value === null ? null : value / cores);
    const second = (value) => (value === null ? null : value / resolution); // of bytes that were moved in one point
    const times = at.slice(0, this.recorded()).filter((moment) => moment < begun);
    const seam = times.length;
    const past = (name, word = (value) => value) => times.map((_, index) => word(this.record[name][index]));
    const lines = {
      cpu: [past("cpu_percent", share), past("cpu_percent_max", share)],
      memory: [past("memory_used"), past("memory_used_max")],
      network: [past("network_rx", second), past("network_tx", second)],
      disk: [past("block_read", second), past("block_write", second)],
    };
    const add = (moment, values) => {
      times.push(moment);
      for (const [name, pair] of Object.entries(lines)) pair.forEach((line, at) => line.push(values?.[name][at] ?? null));
    };
    for (const sample of this.live) {
      const moment = sample.at / 1000;
      const last = times.at(-1);
      const most = times.length === seam ? LAG + resolution : Math.max(GAP, 2 * resolution);
      if (last !== undefined && moment - last > most) add(moment - 1);
      const { share: cpu, memory, rates } = sample;
      add(moment, { cpu: [cpu, cpu], memory: [memory.used, memory.used], network: rates.slice(0, 2), disk: rates.slice(2) });
    }
    const now = Math.max(this.record.to ?? 0, times.at(-1) ?? 0) || Date.now() / 1000; // by the server's clock
    const window = [now - SPANS[this.span], now];
    for (const [name, chart] of Object.entries(this.charts)) chart.draw(window, [times, ...lines[name]], this.span);
  }
}

export const start = (place) => new Charts(place);
