// A map drawn with a style of ours: what is under the pointer or at the centre, its legend.
const holder = document.querySelector(".preview");
const said = holder.dataset;
const box = holder.querySelector(".preview-map");
const status = document.getElementById("announce");
const HATCH = ["#f3f4f6", "#9aa4b1"];

start().catch((error) => {
  const note = document.createElement("p");
  note.className = "preview-failed";
  note.textContent = said.failed;
  box.replaceChildren(note);
  box.dataset.state = "failed";
  console.warn(error);
});

async function start() {
  const [library, style] = await Promise.all([
    import(said.library),
    fetch(said.style).then((answer) => {
      if (!answer.ok) throw new Error(`style: ${answer.status}`);
      return answer.json();
    }),
  ]);
  const about = style.metadata;
  const [west, south, east, north] = about["geo:bounds"];
  const map = new library.Map({
    container: box,
    style,
    bounds: [[west, south], [east, north]],
    fitBoundsOptions: { padding: 16 },
    minZoom: 3,
    maxZoom: 18,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    attributionControl: false,
    locale: {
      "NavigationControl.ZoomIn": said.zoomIn,
      "NavigationControl.ZoomOut": said.zoomOut,
      "FullscreenControl.Enter": said.fullscreen,
      "FullscreenControl.Exit": said.exitFullscreen,
      "AttributionControl.ToggleAttribution": said.sources,
      "Popup.Close": said.close,
      "Map.Title": box.getAttribute("aria-label"),
    },
  });
  box.map = map; // for whoever looks at the page from outside
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new library.FullscreenControl(), "top-right");
  map.addControl(new library.ScaleControl({ unit: "metric" }), "bottom-left");
  map.addControl(new library.AttributionControl({ compact: innerWidth < 640 }), "bottom-right");
  if (innerWidth < 640) {
    const sources = box.querySelector(".maplibregl-ctrl-attrib");
    map.once("load", () => { sources.classList.remove("maplibregl-compact-show"); sources.removeAttribute("open"); });
  }
  map.on("error", (event) => console.warn(event.error));
  map.on("idle", () => { box.dataset.state = "drawn"; });
  legend(about);

  const popup = new library.Popup({ maxWidth: "340px", focusAfterOpen: false });
  const show = (point) => {
    const found = map.queryRenderedFeatures(point).find((one) => one.source === "places");
    if (!found) {
      popup.remove();
      status.textContent = said.nothing;
      return;
    }
    const content = card(found, about);
    popup.setLngLat(map.unproject(point)).setDOMContent(content).addTo(map);
    status.textContent = content.textContent;
  };
  map.on("click", (event) => show(event.point));
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key === "Enter") show(map.project(map.getCenter()));
    if (event.key === "Escape") popup.remove();
  });
  map.on("mousemove", (event) => {
    const found = map.queryRenderedFeatures(event.point).some((one) => one.source === "places");
    map.getCanvas().style.cursor = found ? "pointer" : "";
  });
}

function card(feature, about) {
  const own = feature.properties;
  const names = [own[`name_${said.lang}`], own.name_th, own.name_en, own.code].filter(Boolean);
  const content = document.createElement("div");
  const title = content.appendChild(document.createElement("h2"));
  title.textContent = names[0] ?? "";
  const table = content.appendChild(document.createElement("table"));
  const titles = about["geo:fields"];
  for (const [name, value] of Object.entries(own)) {
    const row = table.insertRow();
    const head = row.appendChild(document.createElement("th"));
    head.scope = "row";
    head.textContent = titles[name] ?? name;
    row.insertCell().textContent = typeof value === "number" ? value.toLocaleString(said.lang === "th" ? "th-TH" : "en-GB") : value;
  }
  return content;
}

function legend(about) {
  const classes = about["geo:legend"];
  if (!classes) return;
  const list = holder.querySelector(".preview-legend");
  for (const one of classes) {
    const item = list.appendChild(document.createElement("li"));
    item.append(swatch(one), one.label, count(one.count));
  }
  list.hidden = false;
}

function count(number) {
  const note = document.createElement("small");
  note.textContent = number.toLocaleString();
  return note;
}

function swatch(one) {
  const canvas = document.createElement("canvas");
  canvas.width = 52;
  canvas.height = 32;
  const pen = canvas.getContext("2d");
  const isHatched = one.kind === "not_reported";
  pen.fillStyle = isHatched ? HATCH[0] : one.colour;
  pen.fillRect(0, 0, 52, 32);
  if (isHatched) {
    pen.strokeStyle = HATCH[1];
    pen.lineWidth = 2.8;
    for (let x = -32; x < 52; x += 16) {
      pen.beginPath();
      pen.moveTo(x, 32);
      pen.lineTo(x + 32, 0);
      pen.stroke();
    }
  }
  return canvas;
}
