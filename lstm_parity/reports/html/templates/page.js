// Filters, a file to save, and unfolded details in print: the page is whole without it.
"use strict";
const one = (id) => document.getElementById(id);
for (const filters of document.querySelectorAll(".filters")) {
  const id = filters.dataset.rows;
  const rows = [...one(id).rows];
  const find = one("find-" + id);
  const only = one("only-" + id);
  const update = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const isOpen = !(only && only.checked) || row.dataset.verdict !== "PARITY";
      row.hidden = !(isOpen && words.every((word) => text.includes(word)));
      shown += row.hidden ? 0 : 1;
    }
    one("count-" + id).textContent = shown + " of " + rows.length + " rows";
  };
  filters.hidden = false;
  find.addEventListener("input", update);
  if (only) only.addEventListener("change", update);
  update();
}
const save = one("save");
save.hidden = false;
save.addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([one("data").textContent], { type: "application/json" }));
  link.download = "lstm-parity.json";
  link.click();
  URL.revokeObjectURL(link.href);
});
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const part of folded) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of folded) part.open = false;
});
