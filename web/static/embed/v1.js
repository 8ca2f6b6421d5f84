// For pages that show our maps and dashboards in frames. Version 1: what is here stays as it is.
//
//   const map = GeoEmbed.show("#map", { service: "https://geo.example.go.th", tokens: () => fetch("/my-token").then((a) => a.text()) });
//   map.on("select", (place) => ...);  map.setState({ period: "2567" });
//
// `tokens` gives a new token each time it is called; it is asked again before one expires.
// Without it, `address` names an open map: "/embed/maps/waste_gen_rate?lang=th".
"use strict";

window.GeoEmbed = (() => {
  const SMALLEST = 120, LARGEST = 4000, EARLY_S = 90, LONGEST_WAIT_MS = 15000;
  let frames = 0;

  function show(where, options) {
    const place = typeof where === "string" ? document.querySelector(where) : where;
    const service = new URL(options.service, location.href).origin;
    const listeners = {};
    const frame = document.createElement("iframe");
    let timer = null, silence = null;

    frame.name = `geo-embed-${(frames += 1)}`;
    frame.title = options.title || "";
    frame.width = "100%";
    frame.height = String(options.height || 480);
    frame.style.border = "0";
    frame.allow = "fullscreen";
    frame.referrerPolicy = "no-referrer";

    const on = (event, listener) => { (listeners[event] ||= []).push(listener); return handle; };
    const tell = (event, facts) => (listeners[event] || []).forEach((listener) => listener(facts));
    const say = (type, facts = {}) => frame.contentWindow && frame.contentWindow.postMessage({ type: `atlas:${type}`, ...facts }, service);

    function hear(event) {
      if (event.source !== frame.contentWindow || event.origin !== service) return;
      const said = event.data;
      if (!said || typeof said.type !== "string" || !said.type.startsWith("atlas:")) return;
      const type = said.type.slice("atlas:".length);
      if (type === "ready") { clearTimeout(silence); renewBefore(said.expires); }
      if (type === "height" && Number.isFinite(said.height)) frame.style.height = `${Math.min(Math.max(said.height, SMALLEST), LARGEST)}px`;
      if (type === "error" && said.code === "token-refused") renew();
      tell(type, said);
    }

    function renewBefore(expires) {
      clearTimeout(timer);
      if (!expires || !options.tokens) return;
      timer = setTimeout(renew, Math.max(expires * 1000 - Date.now() - EARLY_S * 1000, 5000));
    }

    async function renew() {
      if (!options.tokens) return;
      try {
        const token = String(await options.tokens()).trim();
        say("set-token", { token });
        renewBefore(expiryOf(token));
      } catch (error) {
        tell("error", { code: "no-token", reason: String(error) });
      }
    }

    function expiryOf(token) {
      const middle = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
      return JSON.parse(atob(middle)).exp;
    }

    // By a form, so that the token stands in no address, no log and no Referer.
    function send(token) {
      const form = document.createElement("form");
      form.method = "post";
      form.action = `${service}/embed/open${options.look ? `#${options.look}` : ""}`;
      form.target = frame.name;
      form.hidden = true;
      Object.entries({ ...(options.state || {}), lang: options.lang, token }).forEach(([name, value]) => {
        if (value === undefined || value === null) return;
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = name;
        field.value = String(value);
        form.append(field);
      });
      document.body.append(form);
      form.submit();
      form.remove();
    }

    async function open() {
      addEventListener("message", hear);
      frame.addEventListener("load", () => say("hello"));
      place.append(frame);
      // Browsers do not tell why a frame stays empty; the doctor does.
      silence = setTimeout(() => tell("error", { code: "no-answer", doctor: `${service}/embed/doctor` }), LONGEST_WAIT_MS);
      if (!options.tokens) { frame.src = service + options.address; return; }
      try {
        send(String(await options.tokens()).trim());
      } catch (error) {
        tell("error", { code: "no-token", reason: String(error) });
      }
    }

    function remove() {
      clearTimeout(timer);
      clearTimeout(silence);
      removeEventListener("message", hear);
      frame.remove();
    }

    const handle = {
      frame, on, remove,
      setState: (state) => say("set-state", { state }),
      setToken: (token) => say("set-token", { token }),
      setLanguage: (lang) => say("lang", { lang }),
      print: () => say("print"),
    };
    open();
    return handle;
  }

  return { version: 1, show };
})();
