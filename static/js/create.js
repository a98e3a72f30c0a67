// The page that creates a container: a size that is chosen takes the place of exact limits, which would go before it;
// who is let in from the start is written as chips.

import { start } from "./share.js";

const form = document.getElementById("create");

form?.addEventListener("change", ({ target }) => {
  if (target.name !== "size") return;
  for (const name of ["memory", "cpu"]) form.elements[name].value = "";
});

if (form) start(form);
