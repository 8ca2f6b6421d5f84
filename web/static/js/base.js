// What lies under and over the values of a map: land, sea and names below, points above.
"use strict";

window.AtlasBase = (data, element, say) => {
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

  return { basemap, clusterIcon, points };
};
