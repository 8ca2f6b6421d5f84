// The legend and the map point at each other; the table follows the period.
"use strict";

(() => {
  const atlas = window.AtlasMap;
  const rows = [...document.querySelectorAll("[data-class]")];

  rows.forEach((row) => {
    const mine = Number(row.dataset.class);
    const hold = () => atlas.setSpotlight(mine);
    const release = () => atlas.setSpotlight(pressed());
    row.addEventListener("mouseenter", hold);
    row.addEventListener("mouseleave", release);
    row.addEventListener("focus", hold);
    row.addEventListener("blur", release);
    row.addEventListener("click", () => {
      const on = row.getAttribute("aria-pressed") !== "true";
      rows.forEach((other) => other.setAttribute("aria-pressed", String(on && other === row)));
      atlas.setSpotlight(on ? mine : null);
    });
  });

  function pressed() {
    const held = rows.find((row) => row.getAttribute("aria-pressed") === "true");
    return held ? Number(held.dataset.class) : null;
  }

  atlas.on("hover", (place) => {
    rows.forEach((row) => row.classList.toggle("is-lit", Boolean(place) && Number(row.dataset.class) === place.class));
  });

  atlas.on("change", (frame) => {
    if (!frame) return;
    const most = Math.max(...atlas.data.classes.map((entry) => entry.count), 1);
    rows.forEach((row) => {
      const entry = atlas.data.classes[Number(row.dataset.class)];
      row.querySelector(".count").textContent = atlas.number(entry.count, 0);
      row.querySelector(".bar rect").setAttribute("width", (64 * entry.count) / most);
    });
    const title = document.getElementById("title");
    if (title) title.textContent = atlas.data.title;
    document.title = document.title.replace(/^.*? · /, `${atlas.data.title} · `);
    const report = document.getElementById("reporting");
    if (report && frame.reporting !== undefined) {
      report.textContent = atlas.fill(report.dataset.sentence, {
        n: atlas.number(frame.reporting, 0),
        of: atlas.number(frame.expected, 0),
      });
    }
    const lead = document.getElementById("lead");
    if (lead) lead.textContent = atlas.lead(frame);
    drawBars();
    fillTable();
    countStriped();
  });

  function countStriped() {
    const striped = document.getElementById("striped");
    if (!striped) return;
    const known = atlas.places().filter((place) => place.low80 !== null && place.low80 !== undefined);
    const open = known.filter(atlas.isOpen).length;
    striped.textContent = atlas.number(open, 0);
    document.getElementById("solid").textContent = atlas.number(known.length - open, 0);
  }

  function drawBars() {
    const bars = [...document.querySelectorAll("#histogram rect")];
    const values = atlas.places().map((place) => place.value).filter((value) => value !== null && value !== undefined);
    if (!bars.length || !values.length) return;
    const low = Math.min(...values), high = Math.max(...values);
    const step = (high - low) / bars.length || 1;
    const counts = bars.map(() => 0);
    values.forEach((value) => counts[Math.min(Math.floor((value - low) / step), bars.length - 1)]++);
    const most = Math.max(...counts);
    bars.forEach((bar, i) => {
      const middle = low + step * (i + 0.5);
      const entry = atlas.data.classes.filter((one) => one.kind === "range" && middle >= (one.lower ?? -Infinity)).pop();
      const height = counts[i] ? Math.max((44 * counts[i]) / most, 1.5) : 0;
      bar.setAttribute("height", height);
      bar.setAttribute("y", 44 - height);
      if (entry) bar.setAttribute("fill", entry.fill);
    });
    for (const one of document.querySelectorAll(".ends > :first-child")) one.textContent = atlas.number(low);
    for (const one of document.querySelectorAll(".ends > :last-child")) one.textContent = atlas.number(high);
  }

  function fillTable() {
    const body = document.querySelector("#values tbody");
    if (!body) return;
    const lines = new Map([...body.rows].map((row) => [row.dataset.code, row]));
    const inOrder = [...atlas.places()].sort((a, b) => (a.rank || Infinity) - (b.rank || Infinity));
    inOrder.forEach((place) => {
      const line = lines.get(String(place.code));
      if (!line) return;
      line.querySelector(".c-rank").textContent = place.rank || "—";
      line.querySelector(".c-value").textContent = atlas.figure(place.value);
      for (const part of [80, 95]) {
        const cell = line.querySelector(`.c-span${part}`);
        const low = place[`low${part}`];
        if (cell) cell.textContent = low === null || low === undefined ? "" : `${atlas.number(low)} – ${atlas.number(place[`high${part}`])}`;
      }
      const change = line.querySelector(".c-change");
      if (change) change.textContent = atlas.change(place) || "—";
      line.querySelector(".c-status").textContent = atlas.data.statuses[place.status] || place.status;
      body.append(line);
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (!button) return;
    atlas.showPlace(button.dataset.show);
    document.getElementById("map").scrollIntoView({ block: "start" });
  });
})();
