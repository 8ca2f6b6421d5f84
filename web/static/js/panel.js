// The panel around the map: choices take effect at once, places are found by typing, the sheet
// opens and folds on small screens, links and code are copied, the print view is opened.
"use strict";

(() => {
  const atlas = window.AtlasMap;

  // ---- choices: every state is an address --------------------------------------------

  const form = document.getElementById("choices");
  if (form) {
    form.classList.add("is-live");
    form.addEventListener("change", (event) => {
      if (event.target.name) form.requestSubmit();
    });
    // without empty fields the address stays short
    form.addEventListener("formdata", (event) => {
      [...event.formData.entries()].forEach(([key, value]) => value === "" && event.formData.delete(key));
    });
  }

  // ---- search ------------------------------------------------------------------------

  const input = document.getElementById("search");
  const list = document.getElementById("found");
  const MOST_SHOWN = 8;
  let active = -1;

  // Hexagons are found by the province or district they lie in.
  const finder = atlas.data.finder && atlas.data.finder.map(([level, code, name, other, within]) => ({ level, code, name, other, within }));

  const fold = (text) => String(text).normalize("NFC").toLowerCase().replace(/[\s.​-‍]/g, "").replace(/ํา/g, "ำ");

  function find(text) {
    const wanted = fold(text);
    if (!wanted) return [];
    const scored = [];
    (finder || atlas.places()).forEach((place) => {
      const names = [fold(place.name), fold(place.other), fold(place.code)];
      const starts = names.some((name) => name.startsWith(wanted));
      if (starts || names.some((name) => name.includes(wanted))) scored.push([starts ? 0 : 1, place]);
    });
    return scored.sort((a, b) => a[0] - b[0]).map((one) => one[1]);
  }

  function offer() {
    const found = find(input.value);
    active = -1;
    list.replaceChildren(
      ...found.slice(0, MOST_SHOWN).map((place, i) => {
        const option = atlas.element("li", "");
        option.id = `found-${i}`;
        option.setAttribute("role", "option");
        option.dataset.code = place.code;
        option.append(atlas.element("span", "found-name", place.name));
        option.append(atlas.element("span", "found-more", [place.within, place.other].filter(Boolean).join(" · ")));
        return option;
      }),
    );
    const isOpen = found.length > 0;
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    input.removeAttribute("aria-activedescendant");
    if (input.value.trim()) {
      const words = atlas.data.words;
      atlas.say(found.length ? atlas.fill(words.matches, { n: atlas.number(found.length, 0) }) : words.no_match);
    }
    document.getElementById("search-none").hidden = isOpen || !input.value.trim();
  }

  function mark(step) {
    const options = [...list.children];
    if (!options.length) return;
    active = (active + step + options.length) % options.length;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
    input.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  }

  function choose(option) {
    if (!option) return;
    input.value = option.querySelector(".found-name").textContent;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    foldSheet();
    if (finder) atlas.outline(finder.find((one) => one.code === option.dataset.code));
    else atlas.showPlace(option.dataset.code);
  }

  if (input) {
    // Thai keyboards and input methods send no keyup: listen to input.
    input.addEventListener("input", offer);
    input.addEventListener("focus", () => input.value && offer());
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        mark(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter") {
        event.preventDefault();
        choose(list.children[Math.max(active, 0)]);
      } else if (event.key === "Escape") {
        list.hidden = true;
        input.setAttribute("aria-expanded", "false");
      }
    });
    input.addEventListener("blur", () => setTimeout(() => { list.hidden = true; }, 150));
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      choose(event.target.closest("li"));
    });
  }

  // ---- the sheet on small screens ----------------------------------------------------

  const handle = document.getElementById("sheet-handle");
  const panel = document.getElementById("panel");

  function setSheet(isOpen) {
    panel.classList.toggle("is-open", isOpen);
    handle.setAttribute("aria-expanded", String(isOpen));
    handle.setAttribute("aria-label", isOpen ? atlas.data.words.close_panel : atlas.data.words.open_panel);
    if (!isOpen) panel.scrollTop = 0;
  }

  function foldSheet() {
    if (handle) setSheet(false);
  }

  if (handle) {
    handle.addEventListener("click", () => setSheet(!panel.classList.contains("is-open")));
    document.addEventListener("keydown", (event) => event.key === "Escape" && foldSheet());
    // Nothing hidden below the fold may take the focus unseen.
    panel.addEventListener("focusin", (event) => {
      if (event.target !== handle && getComputedStyle(handle).display !== "none") setSheet(true);
    });
  }

  // ---- copying -----------------------------------------------------------------------

  function fresh(text) {
    return text.replace("{address}", location.href).replace("{embed}", () => {
      const url = new URL(document.body.dataset.embed || location.href, location.href);
      const period = new URL(location.href).searchParams.get("period");
      if (period) url.searchParams.set("period", period);
      return url.href.replace(/&/g, "&amp;");
    });
  }

  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.addEventListener("click", async () => {
      const text = fresh(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(text);
        atlas.say(atlas.data.words.copied);
        const label = button.querySelector("span") || button;
        const before = label.textContent;
        label.textContent = `✓ ${atlas.data.words.copied}`;
        setTimeout(() => { label.textContent = before; }, 1800);
      } catch {
        const shown = document.getElementById("copy-text");
        shown.hidden = false;
        shown.value = text;
        shown.select();
        atlas.say(atlas.data.words.copy_failed);
      }
    });
  });

  document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));

  // ---- the address as a square code on paper ------------------------------------------

  const code = document.getElementById("qr");
  if (code && window.qrcode) {
    const made = window.qrcode(0, "M");
    made.addData(location.href.replace(/[?&]view=[^&]*/, ""));
    made.make();
    const count = made.getModuleCount();
    let path = "";
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < count; column++) if (made.isDark(row, column)) path += `M${column} ${row}h1v1h-1z`;
    }
    code.setAttribute("viewBox", `0 0 ${count} ${count}`);
    code.querySelector("path").setAttribute("d", path);
  }
})();
