// Saves the map as a PNG: draws what is on the screen, with title, legend and source, on a canvas.
"use strict";

(() => {
  const atlas = window.AtlasMap;
  const button = document.getElementById("save-png");
  if (!button) return;
  const SCALE = 2, MARGIN = 28, SIDE = 300;
  const FONT = '"IBM Plex Sans Thai", sans-serif';

  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const canvas = await draw();
      canvas.toBlob((blob) => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(blob);
        link.download = `${atlas.data.indicator.key}-${atlas.data.level}-${atlas.data.period}.png`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      }, "image/png");
    } finally {
      button.disabled = false;
    }
  });

  async function draw() {
    await document.fonts.ready;
    const frame = atlas.leaflet().getContainer();
    const box = frame.getBoundingClientRect();
    const width = box.width + SIDE + 3 * MARGIN;
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    pen.font = `600 22px ${FONT}`;
    const title = wrap(pen, atlas.data.title, width - 2 * MARGIN);
    const top = MARGIN + title.length * 32 + 8;
    const height = top + Math.max(box.height, 440) + 76;
    canvas.width = width * SCALE;
    canvas.height = height * SCALE;
    pen.scale(SCALE, SCALE);
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = "#1c2430";
    pen.font = `600 22px ${FONT}`;
    title.forEach((line, i) => pen.fillText(line, MARGIN, MARGIN + 20 + i * 32));
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN, top, box.width, box.height);
    pen.clip();
    pen.fillStyle = "#dfe9f0";
    pen.fillRect(MARGIN, top, box.width, box.height);
    await drawMap(pen, frame, box, MARGIN, top);
    pen.restore();
    drawLegend(pen, box.width + 2 * MARGIN, top);
    drawFoot(pen, width, height);
    return canvas;
  }

  // Panes lie one above the other by z-index, whatever their order in the page.
  async function drawMap(pen, frame, box, left, top) {
    const height = (pane) => Number(getComputedStyle(pane).zIndex) || 0;
    const panes = [...frame.querySelectorAll(".leaflet-map-pane > .leaflet-pane")].sort((a, b) => height(a) - height(b));
    for (const pane of panes) {
      for (const layer of pane.querySelectorAll("svg, canvas")) {
        const at = layer.getBoundingClientRect();
        if (!at.width) continue;
        const picture = layer.tagName.toLowerCase() === "canvas" ? layer : await asImage(layer, at);
        pen.drawImage(picture, left + at.left - box.left, top + at.top - box.top, at.width, at.height);
      }
      pane.querySelectorAll(".base-label span, .cluster").forEach((label) => drawLabel(pen, label, box, left, top));
    }
  }

  async function asImage(layer, at) {
    const copy = layer.cloneNode(true);
    copy.prepend(document.getElementById("patterns").querySelector("defs").cloneNode(true));
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", at.width);
    copy.setAttribute("height", at.height);
    // where it lies is said by its box already
    copy.removeAttribute("style");
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    await image.decode();
    return image;
  }

  function drawLabel(pen, label, box, left, top) {
    const at = label.getBoundingClientRect();
    const look = getComputedStyle(label);
    const x = left + at.left - box.left + at.width / 2, y = top + at.top - box.top + at.height / 2;
    if (label.classList.contains("cluster")) {
      pen.beginPath();
      pen.arc(x, y, at.width / 2, 0, 2 * Math.PI);
      pen.fillStyle = look.backgroundColor;
      pen.fill();
    }
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `${look.fontStyle} ${look.fontWeight} ${look.fontSize} ${FONT}`;
    pen.fillStyle = look.color;
    pen.fillText(label.textContent, x, y);
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
  }

  function drawLegend(pen, left, top) {
    const data = atlas.data;
    pen.fillStyle = "#1c2430";
    pen.font = `600 15px ${FONT}`;
    let y = top + 14;
    wrap(pen, data.indicator.name, SIDE).forEach((line) => { pen.fillText(line, left, y); y += 23; });
    pen.fillStyle = "#4a5563";
    pen.font = `400 14px ${FONT}`;
    pen.fillText(`${data.indicator.unit} · ${atlas.periodLabel()}`, left, y);
    y += 16;
    if (data.forecast) {
      pen.font = `600 13px ${FONT}`;
      wrap(pen, `${data.words.ahead_mark} · ${data.words.ahead_open}`, SIDE).forEach((line) => { pen.fillText(line, left, y); y += 19; });
      y += 2;
    }
    data.classes.forEach((entry) => {
      if (entry.kind !== "range" && !entry.count) return;
      pen.fillStyle = entry.fill.startsWith("url") ? hatch(pen) : entry.fill;
      pen.fillRect(left, y, 26, 18);
      pen.strokeStyle = "#8b95a3";
      pen.lineWidth = 0.8;
      pen.strokeRect(left, y, 26, 18);
      pen.fillStyle = "#1c2430";
      pen.font = `400 14px ${FONT}`;
      pen.fillText(entry.label, left + 36, y + 14);
      pen.textAlign = "right";
      pen.fillText(atlas.number(entry.count, 0), left + SIDE, y + 14);
      pen.textAlign = "left";
      y += 26;
    });
  }

  function hatch(pen) {
    const cell = document.createElement("canvas");
    cell.width = cell.height = 6;
    const inner = cell.getContext("2d");
    inner.strokeStyle = "#9aa4b1";
    inner.beginPath();
    inner.moveTo(0, 6);
    inner.lineTo(6, 0);
    inner.stroke();
    return pen.createPattern(cell, "repeat");
  }

  function drawFoot(pen, width, height) {
    const { data } = atlas;
    pen.fillStyle = "#4a5563";
    pen.font = `400 13px ${FONT}`;
    const notes = [data.sample ? data.words.sample : "", data.illustrative ? data.words.illustrative : ""].filter(Boolean).join(" · ");
    const lines = wrap(pen, `${data.words.source}: ${data.source || "—"}  ${notes}`, width - 2 * MARGIN).slice(0, 2);
    lines.push(location.href.slice(0, 140));
    lines.forEach((line, i) => pen.fillText(line, MARGIN, height - 52 + i * 19));
  }

  // Thai has no spaces between words; the browser knows where they end.
  function wrap(pen, text, width) {
    const words = window.Intl && Intl.Segmenter
      ? [...new Intl.Segmenter(atlas.data.lang, { granularity: "word" }).segment(text)].map((one) => one.segment)
      : text.split(/(?<= )/);
    const lines = [""];
    words.forEach((word) => {
      const longer = lines.at(-1) + word;
      if (pen.measureText(longer).width > width && lines.at(-1)) lines.push(word.trimStart());
      else lines[lines.length - 1] = longer;
    });
    return lines;
  }
})();
