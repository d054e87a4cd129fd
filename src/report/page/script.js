
"use strict";
(() => {
  const table = document.getElementById("account-table");
  if (!table) return;
  const body = table.tBodies[0];
  // Figures are written for people: 12,456 and >0.999.
  const number = (text) => Number(text.replace(/[^0-9.]/g, ""));
  // Read on first use: a page of ten thousand accounts has to open before anybody filters it.
  let known;
  const all = () => {
    known ??= Array.from(body.rows, (row) => {
      const cells = Array.from(row.cells, (cell) => cell.textContent);
      return { row, cells, text: (cells[0] + " " + cells[6]).toLowerCase(), membership: number(cells[3]) };
    });
    return known;
  };
  const tell = (shown) => {
    count.textContent = shown + " of " + body.rows.length + " accounts";
  };
  const text = document.getElementById("filter-text");
  const network = document.getElementById("filter-network");
  const membership = document.getElementById("filter-membership");
  const count = document.getElementById("filter-count");
  const filter = () => {
    const word = text.value.trim().toLowerCase();
    const least = Number(membership.value) || 0;
    let shown = 0;
    for (const r of all()) {
      const fits = r.text.includes(word) && (!network.value || r.cells[1] === network.value) && r.membership >= least;
      r.row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    tell(shown);
  };
  for (const field of [text, network, membership]) field.addEventListener("input", filter);
  const form = document.getElementById("filter");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  for (const link of document.querySelectorAll("a[data-network]")) {
    link.addEventListener("click", () => {
      network.value = link.dataset.network;
      filter();
    });
  }
  const headers = Array.from(table.tHead.rows[0].cells);
  headers.forEach((header, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    const numeric = header.classList.contains("n");
    const value = (r) => (numeric ? number(r.cells[place]) : r.cells[place]);
    button.addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      const down = before ? before === "ascending" : numeric;
      for (const other of headers) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = all().map((r, i) => [value(r), i, r.row]);
      sorted.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (down ? -1 : 1) || a[1] - b[1]);
      body.append(...sorted.map((s) => s[2]));
    });
  });
  tell(body.rows.length);
})();
