// The table of a collection in somebody's page: rows are read with the token that opened the frame.
(() => {
  "use strict";

  const data = JSON.parse(document.getElementById("items-data").textContent);
  const table = document.getElementById("items");
  const told = document.getElementById("items-told");
  const more = document.getElementById("items-more");
  let next = new URL(data.items, location.href);
  Object.entries({ ...data.filters, f: "json", skipGeometry: "true", limit: data.rows, lang: document.documentElement.lang })
    .forEach(([name, value]) => next.searchParams.set(name, value));

  function cell(kind, text, isNumber) {
    const made = document.createElement(kind);
    if (isNumber) made.className = "num";
    made.textContent = text;
    return made;
  }

  function written(column, values) {
    const value = values[column.name];
    if (value === null || value === undefined) return data.statuses[values[`${column.name}_status`]] || "—";
    if (typeof value === "boolean") return value ? data.words.yes : data.words.no;
    if (typeof value !== "number" || column.isYear) return String(value);
    const digits = column.decimals === null ? { maximumFractionDigits: 3 } : { minimumFractionDigits: column.decimals, maximumFractionDigits: column.decimals };
    return value.toLocaleString("en-US", digits).replace("-", "\u2212");
  }

  for (const column of data.columns) {
    const head = cell("th", column.title, column.isNumber);
    head.scope = "col";
    if (column.unit) head.append(Object.assign(document.createElement("small"), { textContent: column.unit }));
    table.tHead.rows[0].append(head);
  }

  async function read() {
    more.disabled = true;
    try {
      const answer = await fetch(next);
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      for (const feature of found.features) {
        const row = table.tBodies[0].insertRow();
        for (const column of data.columns) row.append(cell("td", written(column, feature.properties), column.isNumber));
      }
      const link = found.links.find((one) => one.rel === "next");
      more.hidden = !link;
      if (link) next = new URL(new URL(link.href).search, next);
      const shown = table.tBodies[0].rows.length;
      told.textContent = shown ? data.words.items_shown.replace("{n}", shown.toLocaleString("en-US")).replace("{of}", (found.numberMatched ?? shown).toLocaleString("en-US")) : data.words.items_none;
    } catch {
      told.textContent = data.words.load_failed;
    }
    more.disabled = false;
    document.documentElement.dataset.items = "ready";
  }

  more.addEventListener("click", read);
  read();
})();
