// The map itself: colours places by class, explains them on hover and click.
// Every text goes into the page as text (textContent), never as HTML.
"use strict";

window.AtlasMap = (() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const BORDER = { country: 1.6, region: 1.4, province: 1.4, district: 0.8, subdistrict: 0.4, org: 0.5, hexbin: 0.6 };
  const MOST_FOR_TREND = 300;
  const listeners = { change: [], hover: [], select: [] };
  const shapes = new Map();
  const symbols = new Map();
  let map = null;
  let tiles = null;
  let selected = null;
  let spotlight = null; // index of the class the reader points at in the legend

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

  // ---- numbers and words -------------------------------------------------------------

  function number(value, decimals = data.indicator.decimals, signed = false) {
    if (value === null || value === undefined) return "—";
    const written = Math.abs(value).toLocaleString("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    if (value < 0) return /[1-9]/.test(written) ? `−${written}` : written;
    return signed && value > 0 ? `+${written}` : written;
  }

  // A value as people read it: a number, or the name of a class.
  function figure(value) {
    const named = value === null || value === undefined ? null : (data.indicator.names || {})[String(value)];
    return named || number(value, data.indicator.decimals, data.compared);
  }

  const isNamed = () => Object.keys(data.indicator.names || {}).length > 0;

  function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Thai says "per cent" before the number; the sign stands right after it.
  function measured(value, decimals = data.indicator.decimals) {
    const { unit } = data.indicator;
    if (isNamed()) return figure(value);
    if (unit === "ร้อยละ") return `${unit} ${number(value, decimals, data.compared)}`;
    return unit === "%" ? `${number(value, decimals, data.compared)}%` : `${number(value, decimals, data.compared)} ${unit}`;
  }

  function said(place) {
    const known = place.value !== null && place.value !== undefined;
    return known ? measured(place.value) : data.statuses[place.status] || place.status;
  }

  function lead(frame) {
    const { words } = data;
    const known = places.filter((place) => place.value !== null && place.value !== undefined);
    const parts = [];
    if (frame.total !== null && frame.total !== undefined) parts.push(`${data.whole} ${measured(frame.total, data.indicator.total_decimals)}`);
    if (known.length > 1 && !isNamed()) {
      const best = known.reduce((a, b) => (b.value > a.value ? b : a));
      const least = known.reduce((a, b) => (b.value < a.value ? b : a));
      if (best.name !== data.hexbin_title) parts.push(`${words.highest} ${best.name} ${figure(best.value)}`);
      if (data.level !== "hexbin") parts.push(`${words.lowest} ${least.name} ${figure(least.value)}`);
    }
    parts.push(fill(words.reporting_short, { n: number(frame.reporting, 0), of: number(frame.expected, 0) }));
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

  function basemap(target, url, lang) {
    target.createPane("base").style.zIndex = 150;
    target.createPane("baseLabels").style.zIndex = 450;
    target.getPane("baseLabels").style.pointerEvents = "none";
    fetch(url)
      .then((answer) => answer.json())
      .then((world) => {
        L.geoJSON(world, {
          pane: "base",
          interactive: false,
          filter: (feature) => !feature.properties.kind.endsWith("-label"),
          style: (feature) =>
            feature.properties.kind === "land"
              ? { className: "base-land", stroke: false, fillColor: "#eef0f2", fillOpacity: 1 }
              : { className: "base-border", color: "#cdd4dc", weight: 0.8, fill: false },
        }).addTo(target);
        L.geoJSON(world, {
          filter: (feature) => feature.properties.kind.endsWith("-label"),
          pointToLayer: (feature, latlng) => {
            const label = element("span", feature.properties.kind, feature.properties[lang]);
            return L.marker(latlng, {
              pane: "baseLabels",
              interactive: false,
              keyboard: false,
              icon: L.divIcon({ className: "base-label", html: label, iconSize: [120, 18] }),
            });
          },
        }).addTo(target);
        clearLabels(target);
        target.on("moveend zoomend resize", () => clearLabels(target));
        document.documentElement.dataset.basemap = "ready";
      })
      .catch(() => say(data.words.load_failed));
  }

  // A name cut by the edge of the map, or half under the legend, is worse than none.
  function clearLabels(target) {
    const frame = target.getContainer().getBoundingClientRect();
    const covers = [...document.querySelectorAll(".stage .legend-card, .map-cell .leaflet-control, .north")]
      .map((one) => one.getBoundingClientRect());
    target.getContainer().querySelectorAll(".base-label span").forEach((label) => {
      const box = label.getBoundingClientRect();
      const isCut = box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
      const isUnder = covers.some((one) => box.left < one.right && box.right > one.left && box.top < one.bottom && box.bottom > one.top);
      label.style.visibility = isCut || isUnder ? "hidden" : "";
    });
  }

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

  function clusterIcon(cluster) {
    const count = cluster.getChildCount();
    const size = count < 20 ? 26 : count < 200 ? 32 : 38;
    const label = element("span", "", count.toLocaleString("en-US"));
    return L.divIcon({ html: label, className: "cluster", iconSize: [size, size] });
  }

  async function points(cluster, url) {
    let next = url;
    try {
      while (next) {
        const answer = await fetch(next, { headers: { Accept: "application/geo+json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const page = await answer.json();
        cluster.addLayers(page.features.filter((f) => f.geometry && f.geometry.type === "Point").map(pointMarker));
        const link = (page.links || []).find((one) => one.rel === "next");
        next = link ? new URL(link.href, location.href).pathname + new URL(link.href, location.href).search : null;
      }
    } catch {
      say(data.words.load_failed);
    }
  }

  function pointMarker(feature) {
    const [lon, lat] = feature.geometry.coordinates;
    const facts = feature.properties;
    const name = facts[`name_${data.lang}`] || facts.name_th || facts.name || String(feature.id);
    const marker = L.marker([lat, lon], {
      icon: L.divIcon({ className: "point", iconSize: [12, 12] }),
      alt: name,
      title: name,
    });
    marker.bindPopup(() => {
      const box = element("div", "popup");
      box.append(element("strong", "popup-name", name));
      if (facts.kind_label || facts.kind) box.append(element("p", "popup-within", facts.kind_label || facts.kind));
      box.append(element("p", "popup-foot", String(feature.id ?? "")));
      return box;
    });
    return marker;
  }

  // ---- explaining a place ------------------------------------------------------------

  function tooltip(place) {
    const box = element("div", "tip");
    if (!place) return box;
    box.append(element("strong", "", place.name), element("span", "tip-value", said(place)));
    spansOf(place).forEach(([term, text]) => box.append(element("span", "tip-rank", `${term} ${text}`)));
    if (place.rank) box.append(element("span", "tip-rank", fill(data.words.rank_of, { rank: place.rank, of: place.rank_of })));
    return box;
  }

  function spansOf(place) {
    if (!data.forecast || place.low80 === null || place.low80 === undefined) return [];
    return [80, 95].map((part) => [data.words[`interval${part}`], `${number(place[`low${part}`])} – ${number(place[`high${part}`])}`]);
  }

  function popup(place) {
    const box = element("div", "popup");
    box.append(element("strong", "popup-name", place.name));
    if (place.within) box.append(element("p", "popup-within", place.within));
    const value = element("p", "popup-value");
    if (place.value === null || place.value === undefined) {
      value.append(element("span", "popup-missing", data.statuses[place.status] || place.status));
    } else {
      const unit = isNamed() ? "" : data.indicator.unit;
      const parts = [element("b", "", figure(place.value)), " ", element("span", "unit", unit)];
      value.append(...(data.indicator.unit === "ร้อยละ" ? parts.reverse() : parts));
    }
    box.append(value);
    const facts = element("dl", "popup-facts");
    const add = (term, text) => text && facts.append(element("dt", "", term), element("dd", "", text));
    add(data.words.period, periodLabel());
    spansOf(place).forEach(([term, text]) => add(term, text));
    if (place.rank) add(data.words.rank, fill(data.words.one_of, { rank: number(place.rank, 0), of: number(place.rank_of, 0) }));
    add(data.words.change, change(place));
    if (place.expected > 1) add(data.words.reported, `${number(place.reporting, 0)} / ${number(place.expected, 0)}`);
    if (place.basis) add(data.words.basis, data.bases[place.basis] || place.basis);
    add(data.words.flags, (place.flags || []).map((flag) => data.flags[flag] || flag).join(", "));
    box.append(facts);
    const foot = element("p", "popup-foot", [data.sample ? data.words.sample : "", data.source_short].filter(Boolean).join(" · "));
    const leadTo = (words, address) => {
      const link = element("a", "", words);
      link.href = address;
      if (window.parent !== window) link.target = "_blank";
      foot.append(" ", link);
    };
    if (data.source_url) leadTo(data.words.where_from, data.source_url);
    if (data.forecast) leadTo(data.words.ahead_chart, `${data.chart_url}${encodeURIComponent(place.code)}`);
    if (data.level !== "hexbin") leadTo(data.words.whole_place, `/places/${encodeURIComponent(place.code)}?f=html&lang=${document.documentElement.lang}`);
    box.append(foot);
    if (hasTrend()) facts.before(element("div", "spark-place"));
    tell("select", place, box);
    return box;
  }

  // The history of a place is fetched only where it is small.
  function hasTrend() {
    return data.periods.length >= 3 && data.level !== "hexbin" && !data.compared && !data.forecast && !isNamed() && data.rows.length <= MOST_FOR_TREND && Boolean(data.json_url);
  }

  function change(place) {
    if (place.previous === null || place.previous === undefined || place.value === null || isNamed()) return "";
    const step = place.value - place.previous;
    if (!/[1-9]/.test(number(step))) return data.words.no_change;
    return `${step > 0 ? "▲ +" : "▼ "}${number(step)} ${data.indicator.unit}`;
  }

  function periodLabel() {
    const found = data.periods.find((one) => one.key === data.period);
    return found ? found.label : data.period;
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
