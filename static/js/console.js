// The console's fields that offer what is found (Select2) are named by their value alone: who goes by a screen reader
// heard "Free" and not of what, and of an empty one nothing. Each gets the words of its label, or of its column, before.

function name() {
  for (const chosen of document.querySelectorAll(".select2-selection")) {
    const value = chosen.querySelector(".select2-selection__rendered");
    const field = chosen.closest(".select2").previousElementSibling;
    const cell = field?.closest("td");
    const words = field?.labels?.[0] ?? cell?.closest("table").tHead?.rows[0]?.cells[cell.cellIndex];
    if (!value?.id || !words) continue;
    words.id ||= `of-${value.id}`;
    chosen.setAttribute("aria-labelledby", `${words.id} ${value.id}`);
    value.setAttribute("aria-labelledby", words.id); // a text box of its own, as Select2 has it
  }
}

name();
// Select2 draws when it comes to it: after the page is loaded, or with a row that is added.
new MutationObserver(name).observe(document, { childList: true, subtree: true });
