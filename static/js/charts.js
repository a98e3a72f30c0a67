// CPU and memory of one container: what was recorded, and the live line at its end. uPlot draws.

import { gettext, interpolate, number, percent, size } from "./words.js";

const KEPT = 600; // live samples; what is older comes from the record
const AGAIN = 300_000; // milliseconds after which the record is read anew
const GAP = 5; // seconds without a sample that are shown as none
const LAG = 30; // seconds after which what was measured is on record for sure
const SPANS = { now: 300, "1h": 3_600, "24h": 86_400, "30d": 2_592_000 };
const MARKS = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 7_200, 14_400]; // minutes between two of the axis
const NAMES = {
  now: gettext("%(what)s of the last five minutes: %(told)s"),
  "1h": gettext("%(what)s of the last hour: %(told)s"),
  "24h": gettext("%(what)s of the last 24 hours: %(told)s"),
  "30d": gettext("%(what)s of the last 30 days: %(told)s"),
};

const pad = (number) => String(number).padStart(2, "0");

const day = (date) => `${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
const minute = (date) => `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
const second = (date) => `${minute(date)}:${pad(date.getUTCSeconds())}`;

/** Seconds since 1970 → a mark of the axis, in UTC, as the distance of two asks for. */
function mark(seconds, apart) {
  const date = new Date(seconds * 1000);
  return apart >= 86_400 ? day(date) : minute(date);
}

/** One figure: `word` makes a value readable, `label` one of the axis, which shows `floor` at least. */
class Chart {
  constructor(figure, { title, word, label, floor, incrs }) {
    Object.assign(this, { figure, title, word });
    this.plot = figure.querySelector("[data-plot]");
    this.at = figure.querySelector("[data-at]");
    this.heard = figure.querySelector("[data-heard]");
    this.window = [0, 1];
    const style = getComputedStyle(this.plot); // the style sheet has the colours, for light and for dark
    const axis = { stroke: () => style.color, grid: { stroke: () => style.borderTopColor, width: 1 } };
    axis.ticks = axis.grid;
    axis.font = `12px ${style.fontFamily}`;
    this.chart = new uPlot(
      {
        ...this.room(),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false } },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        scales: {
          x: { range: () => this.window },
          y: { range: (_, low, high) => [0, Math.max(floor, (high ?? 0) * 1.1)] },
        },
        axes: [
          {
            ...axis,
            space: 44, // pixels, for five letters
            incrs: MARKS.map((minutes) => 60 * minutes),
            values: (_, marks, at, room, apart) => marks.map((seconds) => mark(seconds, apart)),
          },
          { ...axis, size: 70, values: (_, marks) => marks.map(label), ...(incrs && { incrs }) },
        ],
        series: [
          {},
          { stroke: () => style.stroke, fill: () => style.fill, width: 2, points: { show: false } },
          { stroke: () => style.color, width: 1, dash: [2, 3], points: { show: false } },
        ],
        hooks: { setCursor: [({ cursor }) => this.point(cursor.idx)] },
      },
      [[], [], []],
      this.plot,
    );
    this.plot.addEventListener("keydown", (event) => this.step(event));
    new ResizeObserver(() => this.chart.setSize(this.room())).observe(this.plot);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.chart.redraw());
  }

  room() {
    return { width: Math.max(200, this.plot.clientWidth), height: 180 };
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
    const [times, values, highest] = data;
    const found = highest.filter((value, at) => value !== null && times[at] >= window[0]);
    const now = values.findLast((value) => value !== null);
    const told = found.length
      ? interpolate(gettext("last %(last)s, highest %(highest)s"), { last: this.word(now), highest: this.word(Math.max(...found)) })
      : gettext("nothing was measured");
    this.plot.setAttribute("aria-label", interpolate(NAMES[span], { what: this.title, told }));
  }

  point(index) {
    const [times, values] = this.chart.data;
    const value = values[index];
    if (value === null || value === undefined) {
      this.at.textContent = "";
      return;
    }
    const date = new Date(times[index] * 1000);
    const when = this.window[1] - this.window[0] > 3_600 ? `${day(date)} ${minute(date)}` : second(date);
    this.at.textContent = interpolate(gettext("%(value)s at %(when)s UTC"), { value: this.word(value), when });
  }
}

class Charts {
  constructor(place) {
    this.place = place;
    this.live = [];
    this.record = { at: [] };
    this.span = "now";
    this.cpu = new Chart(place.querySelector("[data-chart=cpu]"), {
      title: gettext("CPU"),
      word: percent,
      label: (share) => `${number(share, { maximumFractionDigits: 1, useGrouping: false })} %`,
      floor: 5,
    });
    this.memory = new Chart(place.querySelector("[data-chart=memory]"), {
      title: gettext("Memory"),
      word: size,
      label: size,
      floor: 1024 ** 2,
      incrs: Array.from({ length: 44 }, (_, power) => 2 ** power), // marks at round numbers of bytes
    });
    this.said = place.querySelector("[data-said]");
    for (const button of place.querySelectorAll("[data-span]")) {
      button.addEventListener("click", () => this.choose(button.dataset.span));
    }
    setInterval(() => this.read(), AGAIN);
    this.choose(this.span);
  }

  choose(span) {
    this.span = span;
    for (const button of this.place.querySelectorAll("[data-span]")) {
      button.setAttribute("aria-pressed", button.dataset.span === span);
    }
    this.read();
  }

  async read() {
    if (!this.place.dataset.metrics) return; // it is being deleted: in a moment there is nothing to be read
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
    this.live.push(sample);
    if (this.live.length > KEPT) this.live.shift();
    if (!document.hidden) this.draw();
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
    const share = (value) => (value === null ? null : value / cores);
    const { at } = this.record;
    const times = at.slice(0, this.recorded()).filter((moment) => moment < begun);
    const seam = times.length;
    const past = (name, word = (value) => value) => times.map((_, index) => word(this.record[name][index]));
    const cpu = [past("cpu_percent", share), past("cpu_percent_max", share)];
    const memory = [past("memory_used"), past("memory_used_max")];
    const add = (moment, used, bytes) => {
      times.push(moment);
      cpu.forEach((line) => line.push(used));
      memory.forEach((line) => line.push(bytes));
    };
    for (const sample of this.live) {
      const moment = sample.at / 1000;
      const last = times.at(-1);
      const resolution = this.record.resolution ?? 0;
      const most = times.length === seam ? LAG + resolution : Math.max(GAP, 2 * resolution);
      if (last !== undefined && moment - last > most) add(moment - 1, null, null);
      add(moment, sample.share, sample.memory.used);
    }
    const now = Math.max(this.record.to ?? 0, times.at(-1) ?? 0) || Date.now() / 1000; // by the server's clock
    const window = [now - SPANS[this.span], now];
    this.cpu.draw(window, [times, ...cpu], this.span);
    this.memory.draw(window, [times, ...memory], this.span);
  }
}

export const start = (place) => new Charts(place);
