// Inside the frame: takes its look from the # part of the address and tells the page around it
// how tall it is. Look: #theme=light|dark|transparent&legend=off&title=off&accent=0b6e6e
"use strict";

(() => {
  const root = document.documentElement;

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

  const frame = document.getElementById("frame");
  let told = 0;
  function tell() {
    const height = Math.ceil(frame.getBoundingClientRect().height);
    if (height === told || window.parent === window) return;
    told = height;
    // The height is no secret, and the page around may live anywhere frame-ancestors allows.
    window.parent.postMessage({ type: "atlas:height", height }, "*");
  }
  new ResizeObserver(tell).observe(frame);
  addEventListener("load", () => { told = 0; tell(); });
  addEventListener("message", (event) => {
    if (event.source === window.parent && event.data && event.data.type === "atlas:ask-height") { told = 0; tell(); }
  });
})();
