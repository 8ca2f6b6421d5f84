// The map itself: colours places by class, explains them on hover and click.
// Every text goes into the page as text (textContent), never as HTML.
"use strict";

window.AtlasMap = (() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const BORDER = { country: 1.6, region: 1.4, province: 1.4, district: 0.8, subdistrict: 0.4, org: 0.5, hexbin: 0.6 };
  const listeners = { change: [], hover: [], select: [] };
  const shapes = new Map();
  const symbols = new Map();
  let map = null;
  let tiles = null;
  let selected = null;
  let spotlight = null; // index of the class the reader points at in the legend

  const words = AtlasPlace(data);
  const { number, figure, isNamed, fill, element, measured, said, tooltip, hasTrend, change, periodLabel } = words;
  const { basemap, clusterIcon, points } = AtlasBase(data, element, say);

  let places = readRows(data.rows);
  let byCode = index(places);

  // Folium 0.20 calls a factory that the control no longer ships.
  L.control.fullscreen = (options) => new L.Control.FullScreen(options);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    L.Map.mergeOptions({ zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false });
  }

  function readRows(rows) {
    return rows.map((row) => Object.fromEntries(data.fields.map((name, i) => [name, row[i]])));
  }

  function index(list) {
    return new Map(list.map((place) => [String(place.code), place]));
  }

  function on(event, listener) {
    listeners[event].push(listener);
  }

  function tell(event, ...facts) {
    listeners[event].forEach((listener) => listener(...facts));
  }

  // What is said below the title of the map.
  function lead(frame) {
    const { highest, lowest, reporting_short: sentence } = data.words;
    const known = places.filter((place) => place.value !== null && place.value !== undefined);
    const parts = [];
    if (frame.total !== null && frame.total !== undefined) parts.push(`${data.whole} ${measured(frame.total, data.indicator.total_decimals)}`);
    if (known.length > 1 && !isNamed()) {
      const best = known.reduce((a, b) => (b.value > a.value ? b : a));
      const least = known.reduce((a, b) => (b.value < a.value ? b : a));
      if (best.name !== data.hexbin_title) parts.push(`${highest} ${best.name} ${figure(best.value)}`);
      if (data.level !== "hexbin") parts.push(`${lowest} ${least.name} ${figure(least.value)}`);
    }
    parts.push(fill(sentence, { n: number(frame.reporting, 0), of: number(frame.expected, 0) }));
    return parts.join(" · ");
  }

  // ---- classes and styles ------------------------------------------------------------

  function classOf(place) {
    if (place.value === null || place.value === undefined || place.status === "zero") {
      const special = data.classes.findIndex((entry) => entry.kind === place.status);
      if (special >= 0 || place.value === null || place.value === undefined) return special;
    }
    let found = -1;
    data.classes.forEach((entry, i) => {
      if (entry.kind !== "range") return;
      if (found < 0 || place.value >= (entry.lower ?? -Infinity)) found = i;
    });
    return found;
  }

  // A forecast whose 80 % interval reaches into another class is striped.
  function isOpen(place) {
    if (!data.forecast || place.low80 === null || place.low80 === undefined) return false;
    return classOf({ value: place.low80, status: "forecast" }) !== classOf({ value: place.high80, status: "forecast" });
  }

  function fillOf(place) {
    const entry = data.classes[place ? place.class : -1];
    if (!entry) return "url(#hatch)";
    return entry.kind === "range" && isOpen(place) ? `url(#open-${place.class})` : entry.fill;
  }

  function isDimmed(place) {
    return spotlight !== null && place.class !== spotlight;
  }

  function style(place) {
    const entry = data.classes[place ? place.class : -1];
    const kind = entry ? entry.kind : "not_reported";
    const asSymbol = data.symbols && (kind === "range" || kind === "zero");
    const isHeld = place && selected === String(place.code);
    return {
      stroke: true,
      lineJoin: data.level === "hexbin" ? "miter" : "round",
      color: isHeld ? "#1c2430" : data.level === "hexbin" && entry ? edgeOf(entry) : asSymbol || kind === "not_applicable" ? "#aab3bf" : "#ffffff",
      weight: isHeld ? 2.4 : BORDER[data.level] || 0.8,
      dashArray: kind === "not_applicable" ? "1 4" : null,
      fillColor: asSymbol ? "#ffffff" : paintOf(fillOf(place)),
      fillOpacity: place && isDimmed(place) ? 0.15 : 1,
    };
  }

  // Hexagons are drawn on canvas, which knows no url(#...): it gets the pattern itself.
  const paintOf = (fill) => (data.level === "hexbin" ? AtlasTiles.paintOf(fill) : fill);
  // White edges would shimmer: at low zooms a cell is a few pixels wide.
  const edgeOf = (entry) => (entry.fill.startsWith("url") ? "#c5ccd6" : entry.fill);

  // Many places get small circles, so that they do not cover each other.
  const largest = () => Math.min(Math.max(260 / Math.sqrt(places.length || 1), 7), 30);

  let most = greatest();
  function greatest() {
    return places.reduce((found, place) => Math.max(found, Math.abs(place.value || 0)), 0) || 1;
  }

  function radius(place) {
    return place.value ? Math.max(largest() * Math.sqrt(Math.abs(place.value) / most), 2) : 0;
  }

  function symbolStyle(place) {
    const entry = data.classes[place.class];
    return {
      stroke: true,
      color: selected === String(place.code) ? "#1c2430" : "#ffffff",
      weight: selected === String(place.code) ? 2.4 : 1,
      fillColor: entry ? fillOf(place) : "#ffffff",
      fillOpacity: isDimmed(place) ? 0.15 : 0.92,
    };
  }

  function paint() {
    shapes.forEach((layer, code) => layer.setStyle && layer.setStyle(style(byCode.get(code))));
    symbols.forEach((layer, code) => {
      const place = byCode.get(code);
      layer.setStyle(symbolStyle(place));
      layer.setRadius(radius(place));
    });
    if (selected && shapes.has(selected) && shapes.get(selected).bringToFront) shapes.get(selected).bringToFront();
    if (tiles) tiles.repaint();
  }

  // ---- layers Folium asks for --------------------------------------------------------

  function eachShape(feature, layer) {
    const code = String(feature.properties.code);
    shapes.set(code, layer);
    explain(layer, code);
    if (data.symbols && feature.properties.at) {
      const place = byCode.get(code);
      if (!place) return;
      const symbol = L.circleMarker(feature.properties.at, { pane: "symbols", radius: radius(place) });
      symbols.set(code, symbol);
      explain(symbol, code);
    }
  }

  function explain(layer, code) {
    layer.bindTooltip(() => tooltip(byCode.get(code)), { sticky: true, direction: "top", offset: [0, -8], opacity: 1 });
    layer.on({
      mouseover: () => {
        const shape = shapes.get(code);
        if (shape && shape.setStyle) shape.setStyle({ color: "#1c2430", weight: 2 }).bringToFront();
        tell("hover", byCode.get(code));
      },
      mouseout: () => {
        const shape = shapes.get(code);
        if (shape && shape.setStyle) shape.setStyle(style(byCode.get(code)));
        tell("hover", null);
      },
      click: (event) => select(code, event.latlng),
    });
  }

  function valueTiles(options) {
    tiles = new AtlasTiles({
      ...options,
      // tiles hold every place of a level; a map of one tier of organisations shows only those
      placeOf: (properties) => byCode.get(String(properties[options.key])),
      styleOf: (place) => {
        const look = style(place);
        // thousands of white lines would bleach a map of the whole country
        return { ...look, weight: selected === String(place.code) ? look.weight : look.weight * fineness() };
      },
      isHeld: (place) => selected === String(place.code),
      explain: tooltip,
      onHover: (place) => tell("hover", place),
      onSelect: (place, latlng) => select(String(place.code), latlng),
    });
    return tiles;
  }

  function fineness() {
    const zoom = map ? map.getZoom() : 6;
    return zoom < 7 ? 0.3 : zoom < 8.5 ? 0.6 : 1;
  }

  // A hexagon carries its numbers itself; the highest are known by the place they lie in.
  function cellOf(properties) {
    const code = String(properties.cell);
    const known = byCode.get(code) || {};
    const place = {
      code,
      name: known.name || data.hexbin_title,
      other: "",
      within: [known.within, known.name ? data.hexbin_title : code].filter(Boolean).join(" · "),
      rank: known.rank ?? null,
      rank_of: known.rank_of ?? null,
      value: properties.value ?? null,
      numerator: properties.numerator ?? null,
      denominator: properties.denominator ?? null,
      status: properties.status || (properties.value === undefined ? "not_reported" : "reported"),
      reporting: properties.reporting ?? 0,
      expected: properties.expected ?? 0,
      flags: [],
    };
    place.class = classOf(place);
    byCode.set(code, place);
    return place;
  }

  // Hexagons of one resolution, many and plain: drawn on a canvas.
  async function cells(target, url) {
    const canvas = L.canvas({ padding: 0.3 });
    try {
      const answer = await fetch(url, { headers: { Accept: "application/geo+json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const within = data.within ? new Set(data.within) : null;
      L.geoJSON(await answer.json(), {
        renderer: canvas,
        smoothFactor: 0,
        filter: (feature) => !within || within.has(String(feature.properties.cell)),
        onEachFeature: (feature, layer) => {
          const place = cellOf(feature.properties);
          shapes.set(place.code, layer);
          explain(layer, place.code);
        },
      }).addTo(target);
      paint();
      document.documentElement.dataset.cells = "ready";
    } catch {
      say(data.words.load_failed);
    }
  }

  // ---- explaining a place ------------------------------------------------------------

  function popup(place) {
    const box = words.popup(place);
    tell("select", place, box);
    return box;
  }

  function select(code, latlng) {
    const place = byCode.get(String(code));
    if (!place) return;
    selected = String(code);
    paint();
    const layer = symbols.get(selected) || shapes.get(selected);
    const where = latlng || (layer && (layer.getLatLng ? layer.getLatLng() : layer.getBounds().getCenter()));
    if (!where) return;
    const narrow = map.getSize().x < 480;
    const aside = legendWidth();
    L.popup({ maxWidth: narrow ? 264 : 320, minWidth: narrow ? 220 : 260, autoPanPaddingTopLeft: [aside + 16, 16], autoPanPaddingBottomRight: [64, 16] })
      .setLatLng(where)
      .setContent(popup(place))
      .openOn(map);
    say(`${place.name}: ${said(place)}`);
  }

  function showPlace(code) {
    const layer = shapes.get(String(code));
    if (!layer && data.item_url) { locate(String(code)); return; }
    if (layer && layer.getBounds) map.fitBounds(layer.getBounds(), { maxZoom: 9, paddingTopLeft: [legendWidth() + 60, 60], paddingBottomRight: [60, 60], animate: false });
    select(code);
  }

  // A map of tiles or hexagons does not know where its places lie: ask for the one wanted.
  async function shapeOf(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(String(answer.status));
    const shape = L.geoJSON(await answer.json(), { pane: "symbols", interactive: false, style: { className: "found-place", color: "#1c2430", weight: 2, fill: false } });
    if (!shape.getBounds().isValid()) throw new Error("no shape");
    map.fitBounds(shape.getBounds(), { maxZoom: 10, paddingTopLeft: [legendWidth() + 60, 60], paddingBottomRight: [60, 60], animate: false });
    return shape;
  }

  async function locate(code) {
    try {
      const shape = await shapeOf(`${data.item_url}${encodeURIComponent(code)}?f=json`);
      select(code, shape.getBounds().getCenter());
    } catch {
      say(data.words.load_failed);
    }
  }

  // Hexagons have no names of their own: the place found is outlined above them.
  let outlined = null;
  async function outline(place) {
    try {
      const shape = await shapeOf(`/collections/${place.level}s/items/${encodeURIComponent(place.code)}?f=json`);
      if (outlined) outlined.remove();
      outlined = shape.addTo(map);
      say(place.name);
    } catch {
      say(data.words.load_failed);
    }
  }

  // The legend lies over the map's left side on wide screens: keep what matters clear of it.
  function legendWidth() {
    const card = document.querySelector(".stage .legend-card");
    const isOver = card && map.getSize().x > 700 && getComputedStyle(card.parentElement).display === "contents";
    return isOver ? card.getBoundingClientRect().width : 0;
  }

  function say(text) {
    const region = document.getElementById("announce");
    if (region) region.textContent = text;
  }

  // ---- changing what is shown --------------------------------------------------------

  function setSpotlight(classIndex) {
    spotlight = classIndex;
    paint();
  }

  // Shows another period with the classes of this page.
  function show(frame) {
    data.period = frame.period;
    data.title = frame.title || data.title;
    places = frame.places.map((place) => ({ ...place, class: classOf(place) }));
    byCode = index(places);
    most = greatest();
    data.classes.forEach((entry, i) => {
      entry.count = places.filter((place) => place.class === i).length;
    });
    map.closePopup();
    paint();
    tell("change", frame);
  }

  function start(target) {
    map = target;
    // Folium has drawn the shapes; the symbols lie above them.
    map.createPane("symbols").style.zIndex = 430;
    [...symbols.values()].sort((a, b) => b.getRadius() - a.getRadius()).forEach((layer) => layer.addTo(map));
    map.on("popupclose", () => {
      selected = null;
      paint();
    });
    map.getContainer().setAttribute("role", "application");
    map.getContainer().setAttribute("aria-label", fill(data.words.map_of, { title: data.title }));
    const aside = legendWidth();
    if (aside) {
      const [west, south, east, north] = data.bbox;
      map.fitBounds([[south, west], [north, east]], { paddingTopLeft: [aside, 10], paddingBottomRight: [40, 10], animate: false });
    }
    paint();
    new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
    document.documentElement.dataset.map = "ready";
    tell("change", null);
  }

  // Borders of the provinces above the shapes of a finer level.
  function borders(target, lines) {
    target.createPane("borders").style.zIndex = 420;
    target.getPane("borders").style.pointerEvents = "none";
    L.geoJSON(lines, { pane: "borders", interactive: false, style: { className: "border", color: data.symbols ? "#8b95a3" : "#ffffff", weight: BORDER.province, opacity: 1, fill: false } }).addTo(target);
  }

  return {
    data, on, start, figure, isOpen, outline, basemap, borders, cells, lead, hasTrend, eachShape, valueTiles, clusterIcon, points,
    show, showPlace, setSpotlight, number, fill, element, said, say, periodLabel, change,
    places: () => places,
    leaflet: () => map,
    tiles: () => tiles,
    popupOf: (code) => popup(byCode.get(String(code))),
  };
})();
