// One place is marked in every panel; a class of a legend dims the places of other classes;
// tables are sorted by a column. Without this script every link still leads where it says.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function hold(code) {
  for (const one of all("[data-code]")) one.classList.toggle("is-held", code !== "" && one.dataset.code === code);
}

for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => hold(event.target.closest?.("[data-code]")?.dataset.code ?? ""));
}
document.addEventListener("keydown", (event) => event.key === "Escape" && hold(""));

// Pressing a class of a map leaves only its places clear, in every panel.
for (const button of all(".key button")) {
  button.addEventListener("click", () => {
    const map = button.closest(".map-panel");
    const isOn = button.getAttribute("aria-pressed") !== "true";
    for (const other of all(".key button")) other.setAttribute("aria-pressed", String(isOn && other === button));
    const shade = button.closest("[data-key]").dataset.key;
    const kept = new Set(all(`a[data-shade="${shade}"]`, map).map((one) => one.dataset.code));
    for (const one of all("[data-code]")) one.classList.toggle("is-dim", isOn && !kept.has(one.dataset.code));
  });
}

const numberOf = (cell) => {
  const read = Number.parseFloat(cell.textContent.trim().replaceAll(",", "").replace("\u2212", "-"));
  return Number.isNaN(read) ? Number.NEGATIVE_INFINITY : read;
};
for (const button of all("[data-sort]")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const body = button.closest("table").tBodies[0];
    const column = Number(button.dataset.sort);
    const down = head.getAttribute("aria-sort") !== "descending";
    for (const other of all("th", head.parentElement)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].sort((one, other) => numberOf(one.cells[column]) - numberOf(other.cells[column]));
    body.append(...(down ? rows.reverse() : rows));
  });
}

for (const choice of all(".choices select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}
