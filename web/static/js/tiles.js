// Vector tiles on canvas for maps with too many shapes to carry in the page.
// Reads Mapbox Vector Tiles 2.1 (geometry commands: section 4.3 of the specification).
"use strict";

window.AtlasTiles = (() => {
  const MOVE = 1, LINE = 2, CLOSE = 7;
  const POINT = 1;

  function readTile(bytes, wanted) {
    const features = [];
    new Pbf.PbfReader(bytes).readFields((tag, _, reader) => {
      if (tag !== 3) return;
      const end = reader.readVarint() + reader.pos;
      const layer = { name: "", extent: 4096, keys: [], values: [], features: [] };
      reader.readFields(readLayer, layer, end);
      if (!wanted || layer.name === wanted) features.push(...layer.features.map((one) => withProperties(one, layer)));
    }, null);
    return features;
  }

  function readLayer(tag, layer, reader) {
    if (tag === 1) layer.name = reader.readString();
    else if (tag === 3) layer.keys.push(reader.readString());
    else if (tag === 5) layer.extent = reader.readVarint();
    else if (tag === 4) layer.values.push(readValue(reader, reader.readVarint() + reader.pos));
    else if (tag === 2) {
      const feature = { tags: [], type: 0, geometry: [] };
      reader.readFields(readFeature, feature, reader.readVarint() + reader.pos);
      layer.features.push(feature);
    }
  }

  function readFeature(tag, feature, reader) {
    if (tag === 2) feature.tags = readPacked(reader);
    else if (tag === 3) feature.type = reader.readVarint();
    else if (tag === 4) feature.geometry = readPacked(reader);
  }

  function readPacked(reader) {
    const end = reader.readVarint() + reader.pos;
    const numbers = [];
    while (reader.pos < end) numbers.push(reader.readVarint());
    return numbers;
  }

  function readValue(reader, end) {
    let value = null;
    while (reader.pos < end) {
      const tag = reader.readVarint() >> 3;
      if (tag === 1) value = reader.readString();
      else if (tag === 2) value = reader.readFloat();
      else if (tag === 3) value = reader.readDouble();
      else if (tag === 4) value = reader.readVarint(true);
      else if (tag === 5) value = reader.readVarint();
      else if (tag === 6) value = reader.readSVarint();
      else if (tag === 7) value = reader.readBoolean();
    }
    return value;
  }

  function withProperties(feature, layer) {
    const properties = {};
    for (let i = 0; i < feature.tags.length; i += 2) {
      properties[layer.keys[feature.tags[i]]] = layer.values[feature.tags[i + 1]];
    }
    return { properties, type: feature.type, commands: feature.geometry, extent: layer.extent };
  }

  function pathOf(feature, size) {
    const path = new Path2D();
    const scale = size / feature.extent;
    const numbers = feature.commands;
    let x = 0, y = 0, i = 0;
    while (i < numbers.length) {
      const command = numbers[i] & 7;
      let count = numbers[i++] >> 3;
      if (command === CLOSE) { path.closePath(); continue; }
      while (count-- > 0) {
        x += (numbers[i] >> 1) ^ -(numbers[i] & 1);
        y += (numbers[i + 1] >> 1) ^ -(numbers[i + 1] & 1);
        i += 2;
        if (feature.type === POINT) {
          path.moveTo(x * scale + 4, y * scale);
          path.arc(x * scale, y * scale, 4, 0, 2 * Math.PI);
        } else if (command === MOVE) path.moveTo(x * scale, y * scale);
        else if (command === LINE) path.lineTo(x * scale, y * scale);
      }
    }
    return path;
  }

  let hatch = null;
  const scratch = document.createElement("canvas").getContext("2d");
  const striped = new Map();
  function stripesOf(colour) {
    if (!striped.has(colour)) {
      const cell = document.createElement("canvas");
      cell.width = cell.height = 8;
      const pen = cell.getContext("2d");
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 8, 8);
      [["#ffffff", 2, 0], ["rgb(28 36 48 / 0.6)", 0.8, 1.5]].forEach(([ink, width, by]) => {
        pen.strokeStyle = ink;
        pen.lineWidth = width;
        [[-2, 2, 2, -2], [0, 8, 8, 0], [6, 10, 10, 6]].forEach(([a, b, c, d]) => {
          pen.beginPath();
          pen.moveTo(a + by, b);
          pen.lineTo(c + by, d);
          pen.stroke();
        });
      });
      striped.set(colour, cell);
    }
    return striped.get(colour);
  }

  function paintOf(fill, context = scratch) {
    const open = /^url\(#open-(\d+)\)$/.exec(fill);
    if (open) return context.createPattern(stripesOf(window.AtlasMap.data.classes[Number(open[1])].fill), "repeat");
    if (fill !== "url(#hatch)") return fill;
    if (!hatch) {
      const cell = document.createElement("canvas");
      cell.width = cell.height = 8;
      const pen = cell.getContext("2d");
      pen.fillStyle = "#f3f4f6";
      pen.fillRect(0, 0, 8, 8);
      pen.strokeStyle = "#9aa4b1";
      pen.lineWidth = 1.4;
      [[-2, 2, 2, -2], [0, 8, 8, 0], [6, 10, 10, 6]].forEach(([a, b, c, d]) => {
        pen.beginPath();
        pen.moveTo(a, b);
        pen.lineTo(c, d);
        pen.stroke();
      });
      hatch = cell;
    }
    return context.createPattern(hatch, "repeat");
  }

  const Tiles = L.GridLayer.extend({
    options: { minZoom: 3, maxZoom: 16, maxNativeZoom: 14, pane: "overlayPane", updateWhenZooming: false, keepBuffer: 1 },

    onAdd(map) {
      L.GridLayer.prototype.onAdd.call(this, map);
      this._tip = L.tooltip({ direction: "top", offset: [0, -8], opacity: 1 });
      map.on("mousemove", this._move, this);
      map.on("mouseout", this._leave, this);
      map.on("click", this._click, this);
    },

    onRemove(map) {
      map.off("mousemove", this._move, this);
      map.off("mouseout", this._leave, this);
      map.off("click", this._click, this);
      this._leave();
      L.GridLayer.prototype.onRemove.call(this, map);
    },

    createTile(coords, done) {
      const canvas = document.createElement("canvas");
      const size = this.getTileSize();
      const ratio = Math.min(window.devicePixelRatio || 1, 2) * 1.25; // sharp at fractional zooms
      canvas.width = Math.round(size.x * ratio);
      canvas.height = Math.round(size.y * ratio);
      canvas.ratio = ratio;
      canvas.shapes = [];
      fetch(L.Util.template(this.options.url, coords))
        .then((answer) => {
          if (answer.status === 204 || answer.status === 404) return new ArrayBuffer(0);
          if (!answer.ok) throw new Error(String(answer.status));
          return answer.arrayBuffer();
        })
        .then((bytes) => {
          canvas.shapes = readTile(new Uint8Array(bytes), this.options.layer)
            .filter((feature) => feature.type !== 2 && this.options.placeOf(feature.properties))
            .map((feature) => ({
              place: feature.properties,
              path: pathOf(feature, size.x),
            }));
          this._paint(canvas);
          done(null, canvas);
        })
        .catch((error) => done(error, canvas));
      return canvas;
    },

    repaint() {
      Object.values(this._tiles || {}).forEach((tile) => this._paint(tile.el));
    },

    _paint(canvas) {
      const context = canvas.getContext("2d");
      context.setTransform(canvas.ratio, 0, 0, canvas.ratio, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      const held = [];
      canvas.shapes.forEach((shape) => {
        const place = this.options.placeOf(shape.place);
        const look = this.options.styleOf(place);
        context.globalAlpha = look.fillOpacity;
        context.fillStyle = paintOf(look.fillColor, context);
        context.fill(shape.path, "evenodd");
        context.globalAlpha = 1;
        context.lineWidth = look.weight;
        context.strokeStyle = look.color;
        context.setLineDash(look.dashArray ? look.dashArray.split(" ").map(Number) : []);
        context.stroke(shape.path);
        if (this.options.isHeld(place) || place === this._hovered) held.push(shape.path);
      });
      context.setLineDash([]);
      context.strokeStyle = "#1c2430";
      context.lineWidth = 2;
      held.forEach((path) => context.stroke(path));
    },

    _at(event) {
      for (const tile of Object.values(this._tiles || {})) {
        if (!tile.current) continue;
        const box = tile.el.getBoundingClientRect();
        const x = event.originalEvent.clientX - box.left, y = event.originalEvent.clientY - box.top;
        if (x < 0 || y < 0 || x >= box.width || y >= box.height) continue;
        const scale = this.getTileSize().x / box.width;
        const context = tile.el.getContext("2d");
        context.setTransform(1, 0, 0, 1, 0, 0);
        const hit = tile.el.shapes.find((shape) => context.isPointInPath(shape.path, x * scale, y * scale, "evenodd"));
        return hit ? this.options.placeOf(hit.place) : null;
      }
      return null;
    },

    _move(event) {
      const place = this._at(event);
      if (place !== this._hovered) {
        const before = this._hovered;
        this._hovered = place;
        Object.values(this._tiles).forEach((tile) => {
          const touched = tile.el.shapes.some((shape) => {
            const one = this.options.placeOf(shape.place);
            return one === before || one === place;
          });
          if (touched) this._paint(tile.el);
        });
        this.options.onHover(place);
        if (place) this._tip.setContent(this.options.explain(place));
      }
      if (!place) { this._tip.remove(); return; }
      this._tip.setLatLng(event.latlng);
      if (!this._map.hasLayer(this._tip)) this._tip.addTo(this._map);
    },

    _leave() {
      this._hovered = null;
      if (this._tip) this._tip.remove();
      this.repaint();
    },

    _click(event) {
      const place = this._at(event);
      if (place) this.options.onSelect(place, event.latlng);
    },
  });
  Tiles.paintOf = paintOf;
  return Tiles;
})();
