// Inside a frame: takes its look from the # part of the address, tells the page around it what it
// shows, and does what that page asks for. A frame that a token opened speaks only with the origins
// of its token, and everything it loads carries the token.
// Look: #theme=light|dark|transparent&legend=off&title=off&accent=0b6e6e
"use strict";

(() => {
  const root = document.documentElement;
  const told = document.getElementById("frame-data");
  const self = told ? JSON.parse(told.textContent) : { token: null, origins: [], editable: null, state: {} };
  const isFramed = window.parent !== window;
  // The page itself holds the token: in the data block, not in its address.
  if (told) told.remove();
  if (self.token && location.search) history.replaceState(null, "", location.pathname + location.hash);

  // ---- look --------------------------------------------------------------------------

  function dress() {
    const look = new URLSearchParams(location.hash.slice(1));
    const theme = look.get("theme");
    root.dataset.theme = ["dark", "transparent"].includes(theme) ? theme : "light";
    root.classList.toggle("no-legend", look.get("legend") === "off");
    root.classList.toggle("no-title", look.get("title") === "off");
    root.classList.toggle("no-source", look.get("source") === "off");
    const accent = look.get("accent") || "";
    if (/^[0-9a-f]{6}$/i.test(accent)) root.style.setProperty("--accent", `#${accent}`);
    const height = Number(look.get("height"));
    if (height >= 160 && height <= 1600) root.style.setProperty("--map-height", `${height}px`);
  }

  dress();
  addEventListener("hashchange", dress);

  // ---- speaking with the page around -------------------------------------------------

  // Whom to answer: of a token, one of its origins; of an open map, who spoke first.
  let origin = self.origins.length === 1 ? self.origins[0] : null;
  const above = location.ancestorOrigins && location.ancestorOrigins[0];
  if (!origin && above && self.origins.includes(above)) origin = above;
  const waiting = [];

  function tell(type, facts = {}) {
    if (!isFramed) return;
    const message = { type: `atlas:${type}`, version: 1, ...facts };
    if (origin) window.parent.postMessage(message, origin);
    // What an open map shows is no secret, and the page around may live anywhere.
    else if (!self.token) window.parent.postMessage(message, "*");
    else waiting.push(message);
  }

  function hears(event) {
    if (!isFramed || event.source !== window.parent) return false;
    if (!event.data || typeof event.data.type !== "string" || !event.data.type.startsWith("atlas:")) return false;
    if (self.token ? !self.origins.includes(event.origin) : origin && event.origin !== origin) return false;
    if (!origin && event.origin !== "null") origin = event.origin;
    waiting.splice(0).forEach((message) => window.parent.postMessage(message, origin));
    return true;
  }

  addEventListener("message", (event) => {
    if (!hears(event)) return;
    const said = event.data;
    switch (said.type) {
      case "atlas:ask-height": height = 0; tellHeight(); break;
      case "atlas:hello": tellReady(); break;
      case "atlas:set-state": setState(said.state); break;
      case "atlas:set-token": setToken(said.token); break;
      case "atlas:print": window.print(); break;
      case "atlas:lang": if (said.lang === "th" || said.lang === "en") go({ lang: said.lang }); break;
      default: tell("error", { code: "unknown-message" });
    }
  });

  // ---- height and readiness ----------------------------------------------------------

  const frame = document.getElementById("frame") || document.querySelector("main");
  let height = 0;
  function tellHeight() {
    const now = Math.ceil(frame.getBoundingClientRect().height);
    if (now === height) return;
    height = now;
    tell("height", { height });
  }
  new ResizeObserver(tellHeight).observe(frame);

  let isReady = false;
  function tellReady() {
    if (!isReady) return;
    tell("ready", { title: document.title, lang: root.lang, editable: self.editable, expires: self.expires || null, state: state() });
    height = 0;
    tellHeight();
  }
  addEventListener("load", () => { isReady = true; tellReady(); listen(); });

  // ---- the token ---------------------------------------------------------------------

  // Everything that is loaded from here carries it, whoever of our scripts asks.
  const ask = window.fetch.bind(window);
  const RENEWAL_MS = 20000;
  let isOver = false;
  let renewed = [];
  window.fetch = self.token ? async (address, options = {}) => {
    const url = new URL(address, location.href);
    if (url.origin !== location.origin || url.pathname.startsWith("/static/") || url.pathname.startsWith("/fonts/")) return ask(address, options);
    const carry = () => ask(url, { ...options, cache: "no-store", credentials: "omit", headers: { ...options.headers, Authorization: `Bearer ${self.token}` } });
    const answer = await carry();
    if (answer.status === 403) tell("error", { code: "not-opened" });
    if (answer.status !== 401) return answer;
    if (!isOver) { isOver = true; tell("error", { code: "token-refused" }); }
    return (await anew()) ? carry() : answer;
  } : window.fetch;

  function anew() {
    return new Promise((done) => {
      renewed.push(done);
      setTimeout(() => done(false), RENEWAL_MS);
    });
  }

  // The server reads it, at the next thing that is loaded; here is only looked whether it is one.
  function setToken(token) {
    if (!self.token || typeof token !== "string" || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) || token.length > 4000) {
      tell("error", { code: "bad-token" });
      return;
    }
    self.token = token;
    isOver = false;
    renewed.splice(0).forEach((done) => done(true));
  }

  // ---- state -------------------------------------------------------------------------

  const MAP = ["level", "period", "area", "scheme", "classes", "region_scheme", "resolution", "compare"];
  const BOARD = ["place", "period", "compare", "against", "peers"];
  const known = document.getElementById("items-data") ? self.editable : location.pathname.startsWith("/embed/dashboards/") || !document.getElementById("map-data") ? BOARD : MAP;

  function state() {
    const shown = { ...self.state };
    const asked = new URLSearchParams(location.search);
    known.forEach((name) => { if (!self.token && asked.get(name)) shown[name] = asked.get(name); });
    if (window.AtlasMap) shown.period = AtlasMap.data.period;
    return shown;
  }

  function setState(wanted) {
    if (!wanted || typeof wanted !== "object") { tell("error", { code: "bad-state" }); return; }
    const { select, ...filters } = wanted;
    const names = Object.keys(filters);
    const isOpen = (name) => known.includes(name) && (!self.editable || self.editable.includes(name));
    if (!names.every(isOpen)) { tell("error", { code: "locked", names: names.filter((name) => !isOpen(name)) }); return; }
    if (select !== undefined && window.AtlasMap) AtlasMap.showPlace(String(select));
    if (names.length === 1 && names[0] === "period" && window.AtlasPeriods && AtlasPeriods.has(filters.period)) {
      self.state.period = filters.period;
      AtlasPeriods.show(filters.period);
    } else if (names.length) go(filters);
  }

  // Another level, area or language is another page; it gets the token as this one did.
  function go(changes) {
    if (!self.token) {
      const url = new URL(location.href);
      Object.entries(changes).forEach(([name, value]) => (value ? url.searchParams.set(name, String(value)) : url.searchParams.delete(name)));
      location.replace(url);
      return;
    }
    const form = document.createElement("form");
    form.method = "post";
    form.action = self.open + location.hash;
    const fields = { ...self.state, lang: root.lang, ...changes, token: self.token };
    Object.entries(fields).forEach(([name, value]) => {
      if (value === null || value === undefined || value === "") return;
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = String(value);
      form.append(field);
    });
    document.body.append(form);
    form.submit();
  }

  function listen() {
    if (!window.AtlasMap) return;
    AtlasMap.on("change", () => tell("state", { state: state() }));
    AtlasMap.on("select", (place) => tell("select", { code: String(place.code), name: place.name, value: place.value ?? null, status: place.status }));
  }
})();
