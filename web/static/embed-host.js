// For the page that shows our maps in frames: gives each frame the height its content asks for.
// <script src="https://.../static/embed-host.js" defer></script>
"use strict";

(() => {
  const SMALLEST = 120, LARGEST = 4000;

  function frameOf(source) {
    return [...document.querySelectorAll("iframe")].find((frame) => frame.contentWindow === source);
  }

  addEventListener("message", (event) => {
    const said = event.data;
    if (!said || said.type !== "atlas:height" || !Number.isFinite(said.height)) return;
    const frame = frameOf(event.source);
    // only the frame's own site may size it
    if (!frame || new URL(frame.src, location.href).origin !== event.origin) return;
    frame.style.height = `${Math.min(Math.max(said.height, SMALLEST), LARGEST)}px`;
  });

  // Frames that loaded before this script have spoken already: ask again.
  document.querySelectorAll("iframe").forEach((frame) => {
    if (frame.contentWindow) frame.contentWindow.postMessage({ type: "atlas:ask-height" }, "*");
  });
})();
