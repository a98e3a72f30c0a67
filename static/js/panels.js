// Overview, metrics, log and terminal of a container are one document: its tabs change what is shown of it and where the
// address bar says that one is, while sockets, charts and a running shell live on.

/**
 * `told(name)` hears of each panel that is shown from now on; what is returned says which one it is now. On a page
 * without panels its tabs are links as any others.
 */
export function start(told) {
  const panels = new Map([...document.querySelectorAll("[data-panel]")].map((panel) => [panel.dataset.panel, panel]));
  const tabs = [...document.querySelectorAll(".tabs [data-tab]")].filter((tab) => panels.has(tab.dataset.tab));
  const all = document.querySelectorAll(".tabs a");
  const said = document.querySelector("[data-sign-in]");
  const announced = document.getElementById("announced");
  let now = [...panels].find(([, panel]) => !panel.hidden)?.[0];

  // On a small screen the bar is wider than the page.
  const reveal = (tab) => tab?.scrollIntoView({ block: "nearest", inline: "center" });
  reveal(document.querySelector(".tabs [aria-current]"));

  function show(tab) {
    if (tab.dataset.tab === now) return;
    now = tab.dataset.tab;
    for (const [name, panel] of panels) panel.hidden = name !== now;
    for (const each of all) each.removeAttribute("aria-current");
    tab.setAttribute("aria-current", "page");
    reveal(tab);
    document.title = panels.get(now).dataset.title;
    announced.textContent = tab.textContent.trim();
    told(now);
  }

  /** Whoever has to sign in again comes back to what they were looking at. */
  function move() {
    if (!said) return;
    const way = new URL(said.dataset.signIn, location.href);
    way.searchParams.set("next", location.pathname);
    said.dataset.signIn = way.pathname + way.search;
  }

  for (const tab of tabs) {
    tab.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      if (tab.dataset.tab === now) return;
      history.pushState(null, "", tab.href);
      show(tab);
      move();
    });
  }
  // Other links of the page that lead to one of them, as that from a failed step to the log.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("main a[href]:not([data-tab], [target], [data-dialog])");
    const tab = link && tabs.find((tab) => tab.href === link.href);
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    tab.click();
    tab.focus();
  });
  addEventListener("popstate", () => {
    const tab = tabs.find((tab) => new URL(tab.href).pathname === location.pathname);
    if (!tab) return;
    show(tab);
    move();
  });
  return () => now;
}
