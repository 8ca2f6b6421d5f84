// Moves through the periods: the slider and play keep the classes, so colours stay comparable.
"use strict";

(() => {
  const atlas = window.AtlasMap;
  const slider = document.getElementById("time");
  const frames = new Map();
  const named = new Map(atlas.places().map((place) => [String(place.code), place]));
  const firstTitle = atlas.data.title, firstLabel = atlas.periodLabel();
  const otherNames = new Map(atlas.places().map((place) => [String(place.code), place.other]));
  const STEP_MS = 1100;
  let timer = null;

  function frameOf(answer, key) {
    return {
      period: key,
      title: answer.title,
      total: answer.total ? answer.total.value : null,
      reporting: answer.reporting,
      expected: answer.expected,
      places: answer.places.map((place) => ({
        code: String(place.code),
        name: place.name,
        other: otherNames.get(String(place.code)) || "",
        within: place.within,
        value: place.value ?? null,
        numerator: place.numerator ?? null,
        denominator: place.denominator ?? null,
        status: place.status,
        rank: place.rank ?? null,
        rank_of: place.rankOf ?? null,
        previous: place.previous ?? null,
        reporting: place.reporting ?? 0,
        expected: place.expected ?? 0,
        basis: place.basis || "",
        flags: place.flags || [],
        low80: place.low80 ?? null,
        high80: place.high80 ?? null,
        low95: place.low95 ?? null,
        high95: place.high95 ?? null,
      })),
    };
  }

  // Hexagons: the values of another period for the cells drawn already.
  async function cellFrame(told, key) {
    const url = new URL(atlas.data.rows_url, location.href);
    url.searchParams.set("period", key);
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const { fields, rows } = await answer.json();
    const within = atlas.data.within ? new Set(atlas.data.within) : null;
    const cells = rows
      .map((row) => Object.fromEntries(fields.map((name, i) => [name, row[i]])))
      .filter((cell) => !within || within.has(cell.cell));
    const known = cells.filter((cell) => cell.value !== null).sort((a, b) => b.value - a.value);
    const ranks = new Map(known.map((cell, i) => [cell.cell, i + 1]));
    const title = atlas.data.hexbin_title;
    const label = atlas.data.periods.find((one) => one.key === key).label;
    return {
      period: key,
      title: firstTitle.replace(firstLabel, label),
      total: told.total ? told.total.value : null,
      reporting: cells.filter((cell) => ["reported", "zero"].includes(cell.status)).length,
      expected: cells.length,
      places: cells.map((cell) => ({
        ...cell,
        code: cell.cell,
        name: named.has(cell.cell) ? named.get(cell.cell).name : title,
        other: "",
        within: named.has(cell.cell) ? `${named.get(cell.cell).within} · ${title}` : cell.cell,
        rank: ranks.get(cell.cell) ?? null,
        rank_of: known.length,
        previous: null,
        basis: "",
        flags: [],
      })),
    };
  }

  async function load(key) {
    if (frames.has(key)) return frames.get(key);
    const url = new URL(atlas.data.json_url, location.href);
    url.searchParams.set("period", key);
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    const frame = atlas.data.rows_url ? await cellFrame(told, key) : frameOf(told, key);
    frames.set(key, frame);
    return frame;
  }

  async function go(position) {
    const period = atlas.data.periods[position];
    if (!period || period.key === atlas.data.period) return;
    try {
      const frame = await load(period.key);
      atlas.show(frame);
    } catch {
      stop();
      atlas.say(atlas.data.words.load_failed);
      return;
    }
    if (slider) {
      slider.value = String(position);
      slider.setAttribute("aria-valuetext", period.label);
      document.getElementById("time-label").textContent = period.label;
    }
    const select = document.querySelector("select[name=period]");
    if (select) select.value = period.key;
    const url = new URL(location.href);
    url.searchParams.set("period", period.key);
    history.replaceState(null, "", url);
    document.dispatchEvent(new CustomEvent("atlas:address"));
  }

  function stop() {
    clearTimeout(timer);
    timer = null;
    const button = document.getElementById("play");
    if (!button) return;
    button.setAttribute("aria-label", atlas.data.words.play);
    button.classList.remove("is-playing");
  }

  async function step() {
    const last = atlas.data.periods.length - 1;
    const position = Number(slider.value);
    if (position >= last) { stop(); return; }
    await go(position + 1);
    if (timer !== null) timer = setTimeout(step, STEP_MS);
  }

  if (slider) {
    slider.addEventListener("input", () => { stop(); go(Number(slider.value)); });
    document.getElementById("play").addEventListener("click", async (event) => {
      if (timer !== null) { stop(); return; }
      event.currentTarget.setAttribute("aria-label", atlas.data.words.pause);
      event.currentTarget.classList.add("is-playing");
      timer = setTimeout(step, STEP_MS);
      if (Number(slider.value) >= atlas.data.periods.length - 1) await go(0);
    });
  }

  // For the page around a frame, which has no slider.
  const at = (key) => atlas.data.periods.findIndex((one) => one.key === key);
  window.AtlasPeriods = { has: (key) => at(key) >= 0, show: (key) => go(at(key)) };

  // A small line of the place's own history, drawn when somebody asks about the place.
  atlas.on("select", async (place, box) => {
    const spot = box.querySelector(".spark-place");
    if (!spot) return;
    try {
      const all = [];
      for (const period of atlas.data.periods) all.push(await load(period.key));
      const series = all.map((frame) => {
        const found = frame.places.find((one) => one.code === String(place.code));
        return found ? found.value : null;
      });
      spot.replaceChildren(sparkline(series));
    } catch {
      // the popup says everything else without it
    }
  });

  function sparkline(series) {
    const known = series.filter((value) => value !== null);
    // where a period begins a new definition, the line is broken
    const breaks = atlas.data.breaks || [];
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "spark");
    svg.setAttribute("viewBox", "0 0 240 44");
    svg.setAttribute("role", "img");
    const first = atlas.data.periods[0], last = atlas.data.periods.at(-1);
    svg.setAttribute("aria-label", [`${atlas.data.words.trend} ${first.year}–${last.year}`, ...breaks.map((i) => `${atlas.data.words.series_break} ${atlas.data.periods[i].year}`)].join(", "));
    if (known.length < 2) return svg;
    const low = Math.min(...known), high = Math.max(...known), span = high - low || 1;
    const x = (i) => 6 + (228 * i) / (series.length - 1);
    const y = (value) => 28 - (22 * (value - low)) / span;
    let path = "";
    series.forEach((value, i) => {
      if (value === null) return;
      path += `${i === 0 || series[i - 1] === null || breaks.includes(i) ? "M" : "L"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    });
    const add = (tag, attributes, text) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
      if (text) made.textContent = text;
      svg.append(made);
    };
    breaks.forEach((i) => {
      const at = ((x(i - 1) + x(i)) / 2).toFixed(1);
      add("line", { x1: at, x2: at, y1: 2, y2: 32, class: "spark-break" });
      add("text", { x: at, y: 42, class: "spark-year", "text-anchor": at < 60 ? "start" : at > 180 ? "end" : "middle" }, atlas.data.words.series_break);
    });
    add("path", { d: path, class: "spark-line" });
    const here = atlas.data.periods.findIndex((one) => one.key === atlas.data.period);
    if (series[here] !== null && series[here] !== undefined) add("circle", { cx: x(here), cy: y(series[here]), r: 3.5, class: "spark-dot" });
    add("text", { x: 6, y: 42, class: "spark-year" }, first.year);
    add("text", { x: 234, y: 42, class: "spark-year", "text-anchor": "end" }, last.year);
    return svg;
  }
})();
