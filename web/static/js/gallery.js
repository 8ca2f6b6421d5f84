// The explorer of the gallery: composes an address, shows it, copies link and code.
"use strict";

(() => {
  const form = document.getElementById("composer");
  if (!form) return;
  const known = JSON.parse(document.getElementById("catalogue-data").textContent);
  const preview = document.getElementById("preview");
  const link = document.getElementById("composed-link");
  const code = document.getElementById("composed-code");
  const announce = document.getElementById("announce");
  const said = known.words;

  function fillList(select, pairs, chosen) {
    select.replaceChildren(...pairs.map(([value, label]) => {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = label;
      option.selected = value === chosen;
      return option;
    }));
  }

  function indicator() {
    return known.indicators.find((one) => one.key === form.elements.indicator.value) || known.indicators[0];
  }

  function refill(changed) {
    if (changed === "theme") {
      const ours = known.indicators.filter((one) => one.theme === form.elements.theme.value);
      fillList(form.elements.indicator, ours.map((one) => [one.key, one.name]));
    }
    if (changed !== "other") {
      const one = indicator();
      const level = form.elements.level.value;
      fillList(form.elements.level, one.levels, one.levels.some(([key]) => key === level) ? level : one.levels[0][0]);
      fillList(form.elements.period, one.periods, one.periods[0] && one.periods[0][0]);
    }
  }

  function compose() {
    const query = new URLSearchParams();
    ["level", "period", "scheme", "classes"].forEach((name) => {
      const field = form.elements[name];
      if (field && field.value) query.set(name, field.value);
    });
    query.set("lang", known.lang);
    const hash = new URLSearchParams();
    const look = document.getElementById("look").value;
    if (look !== "light") hash.set("theme", look);
    const path = `${encodeURIComponent(indicator().key)}?${query}`;
    const embed = new URL(`/embed/maps/${path}${[...hash].length ? `#${hash}` : ""}`, location.href).href;
    link.value = new URL(`/maps/${path}`, location.href).href;
    const src = embed.replace(/&/g, "&amp;").replace(/"/g, "&quot;");
    const host = new URL("/static/embed-host.js", location.href).href;
    const title = indicator().name.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
    code.value = `<iframe src="${src}" title="${title}" width="100%" height="560" loading="lazy" allow="fullscreen"></iframe>\n<script src="${host}" defer></script>`;
    document.getElementById("open-map").href = link.value;
    if (preview.dataset.src !== embed) {
      preview.dataset.src = embed;
      preview.src = embed;
    }
  }

  form.addEventListener("change", (event) => {
    refill(["theme", "indicator"].includes(event.target.name) ? event.target.name : "other");
    compose();
  });

  document.querySelectorAll("[data-copy-from]").forEach((button) => {
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copyFrom);
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        announce.textContent = said.copied;
        const before = button.textContent;
        button.textContent = `✓ ${said.copied}`;
        setTimeout(() => { button.textContent = before; }, 1800);
      } catch {
        announce.textContent = said.copy_failed;
      }
    });
  });

  form.classList.add("is-live");
  compose();
})();
