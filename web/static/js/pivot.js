// The pivot page works by links alone; this makes choosing quicker: lists that lead at once, and
// dimensions dragged from rows to columns.
"use strict";
(() => {
  document.documentElement.classList.add("is-live");
  for (const list of document.querySelectorAll("select[data-go]")) {
    // Keys move through a list without leaving the page; Enter or closing the list goes there.
    let byKey = false;
    const first = list.value;
    const go = () => { if (list.value !== first) location.assign(list.value); };
    list.addEventListener("keydown", (event) => { byKey = event.key !== "Enter"; if (!byKey) go(); });
    list.addEventListener("pointerdown", () => { byKey = false; });
    list.addEventListener("change", () => { if (!byKey) go(); });
    list.addEventListener("blur", go);
  }
  for (const menu of document.querySelectorAll(".more")) {
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
    });
  }
  let dragged = null;
  for (const chip of document.querySelectorAll(".chip")) {
    if (!chip.dataset.move) { chip.draggable = false; continue; }
    chip.addEventListener("dragstart", (event) => {
      dragged = chip;
      event.dataTransfer.setData("text/plain", chip.dataset.name);
      event.dataTransfer.effectAllowed = "move";
    });
    chip.addEventListener("dragend", () => { dragged = null; });
  }
  for (const zone of document.querySelectorAll(".zone")) {
    const takes = () => dragged && zone.dataset.axis !== "measures" && !zone.contains(dragged);
    zone.addEventListener("dragover", (event) => {
      if (takes()) { event.preventDefault(); zone.classList.add("is-over"); }
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
    zone.addEventListener("drop", (event) => {
      zone.classList.remove("is-over");
      if (takes()) { event.preventDefault(); location.assign(dragged.dataset.move); }
    });
  }
})();
