"use strict";
// Search and filters, copying, the way from a block to its source, and following edits. The pages work without it.
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const live = $("#live");

  // Search: the query stays in the address, so that a reload and a link show the same.
  const search = () => {
    const form = $("#search");
    if (!form) return;
    const tiles = all(".tile"), box = $("#q"), filters = all("select[data-filter]");
    const apply = (keep = true) => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = filters.filter((one) => one.value).map((one) => [one.dataset.filter, one.value]);
      let shown = 0;
      for (const tile of tiles) {
        const there = words.every((word) => tile.dataset.words.includes(word))
          && wanted.every(([key, value]) => tile.dataset[key].split(" ").includes(value));
        if (tile.hidden === there) tile.hidden = !there;
        shown += there;
      }
      $("#count").textContent = shown === tiles.length ? `${shown} model${shown === 1 ? "" : "s"}` : `${shown} of ${tiles.length} models`;
      $("#nothing").hidden = shown > 0;
      if (!keep) return;
      const query = new URLSearchParams(wanted);
      if (box.value) query.set("q", box.value);
      history.replaceState(null, "", query.size ? `#${query}` : location.pathname + location.search);
    };
    const given = new URLSearchParams(location.hash.slice(1));
    box.value = given.get("q") || "";
    for (const one of filters) one.value = given.get(one.dataset.filter) || "";
    if (given.size) apply(false);
    form.addEventListener("submit", (event) => { event.preventDefault(); visible()[0]?.focus(); });
    form.addEventListener("input", () => apply());
    $("#clear").addEventListener("click", () => { box.value = ""; for (const one of filters) one.value = ""; apply(); box.focus(); });
  };
  const visible = () => all(".tile:not([hidden]) h2 a");

  // The keyboard: / searches, arrows go from tile to tile and from size to size, Escape leaves the search.
  document.addEventListener("keydown", (event) => {
    const box = $("#q"), typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && box && !typing) { event.preventDefault(); box.focus(); box.select(); }
    else if (event.key === "Escape" && event.target === box) { box.value = ""; box.dispatchEvent(new Event("input", { bubbles: true })); }
    else if (event.key === "ArrowDown" && event.target === box) { event.preventDefault(); visible()[0]?.focus(); }
    else if (event.key.startsWith("Arrow") && event.target.closest?.(".tile")) { event.preventDefault(); go(event); }
    else if (event.key === "Escape") name(null);
    else if (event.key.startsWith("Arrow") && event.target.closest?.(".size, .chart")) sizes(event);
  });
  const go = (event) => {
    const links = visible(), at = links.indexOf(event.target);
    const columns = getComputedStyle($("#tiles")).gridTemplateColumns.split(" ").length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (event.key === "ArrowUp" && at + step < 0) $("#q").focus();
    else links[at + step]?.focus();
  };
  const sizes = (event) => {
    const found = all(".size"), at = found.indexOf(size(event.target));
    const next = found[at < 0 ? 0 : at + (/Left|Up/.test(event.key) ? -1 : 1)];
    if (next) { event.preventDefault(); next.focus(); }
  };

  // The size that the pointer is on, or else the focus, is named beside it. The name follows when the page scrolls.
  const size = (node) => node?.closest?.(".size") ?? null;
  let tip, named = null;
  const name = (one) => {
    if (one === named) return;
    tip?.remove(); named = one;
    if (!one) return;
    tip = document.createElement("div");
    tip.className = "tip"; tip.textContent = $("title", one).textContent;
    document.body.append(tip);
    place();
  };
  const place = () => {
    if (!named) return;
    const box = named.getBoundingClientRect(), chart = named.closest(".chart").getBoundingClientRect();
    tip.hidden = box.bottom < 0 || box.top > innerHeight || box.right < chart.left || box.left > chart.right;
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${above < 0 ? box.bottom + 8 : above}px`;
  };
  for (const kind of ["focusin", "pointerover"]) document.addEventListener(kind, (event) => name(size(event.target) ?? size(document.activeElement)));
  for (const kind of ["focusout", "pointerout"]) document.addEventListener(kind, () => name(size(document.activeElement)));
  for (const kind of ["scroll", "resize"]) addEventListener(kind, place, { passive: true, capture: true });

  // A click on a block leads to the line that it was written in, and copies.
  document.addEventListener("click", (event) => {
    const copy = event.target.closest(".copy");
    if (copy) {
      navigator.clipboard.writeText($(`#${CSS.escape(copy.dataset.copy)}`).textContent).then(() => {
        copy.textContent = "Copied"; setTimeout(() => { copy.textContent = "Copy"; }, 1500);
      });
      return;
    }
    const link = event.target.closest("a");
    if (link) { if (link.hash && link.pathname === location.pathname) open(link.hash.slice(1)); return; }
    const block = event.target.closest("[data-from]");
    if (block && !event.target.closest("summary") && !String(getSelection())) open(block.dataset.from, true);
  });
  const open = (id, mark = false) => {
    const line = document.getElementById(decodeURIComponent(id));
    if (!line?.closest(".source")) return;
    line.closest("details").open = true;
    for (const one of all(".source .at")) one.classList.remove("at");
    line.classList.add("at");
    if (mark) line.scrollIntoView({ block: "nearest" });
  };

  // Following edits: the page is fetched again where it is concerned, and its place, focus and open parts stay.
  const follow = () => {
    const events = new EventSource(`${document.body.dataset.root}events`);
    events.addEventListener("open", () => { live.dataset.state = "on"; live.textContent = "Live"; });
    events.addEventListener("error", () => { live.dataset.state = "off"; live.textContent = "Not connected"; });
    let last;
    events.addEventListener("look", (event) => {
      const { number, changed } = JSON.parse(event.data), page = $("#page");
      const before = last; last = number;
      if (before === undefined && String(number) === document.body.dataset.number) return;
      const own = page.dataset.models;
      if (own === "-") { if (before !== undefined) live.textContent = "Edited since"; return; }
      if (changed === null || own === "*" || changed.includes(own)) reload();
    });
  };
  // How an element is found again in a page that was fetched again.
  const itself = (one, page) => {
    if (!page.contains(one)) return null;
    if (one.id) return `#${CSS.escape(one.id)}`;
    return one.matches("a[href]") ? `a[href="${CSS.escape(one.getAttribute("href"))}"]` : null;
  };
  let turn = 0;
  const reload = async () => {
    const mine = ++turn, answer = await fetch(location.href.split("#")[0], { cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html"), page = $("#page");
    if (mine !== turn || !$("#page", fresh)) return;
    const opened = all("details[open]").map((one) => one.id).filter(Boolean), closed = all("details:not([open])").map((one) => one.id).filter(Boolean);
    const marked = $(".source .at")?.id, focused = itself(document.activeElement, page), at = scrollY, aside = $(".written")?.scrollTop;
    page.dataset.models = $("#page", fresh).dataset.models;
    page.replaceChildren(...$("#page", fresh).childNodes);
    document.title = fresh.title;
    for (const id of opened) { const one = document.getElementById(id); if (one) one.open = true; }
    for (const id of closed) { const one = document.getElementById(id); if (one) one.open = false; }
    begin();
    if (marked) document.getElementById(marked)?.classList.add("at");
    if (focused) $(focused, page)?.focus({ preventScroll: true });
    name(size(document.activeElement));
    scrollTo({ top: at, behavior: "instant" });
    if (aside) $(".written")?.scrollTo({ top: aside, behavior: "instant" });
    live.textContent = `Updated ${new Date().toLocaleTimeString()}`;
    document.dispatchEvent(new Event("preview:updated"));
  };

  const begin = () => {
    search();
    if (navigator.clipboard) for (const one of all(".copy")) one.hidden = false;
  };
  begin();
  if (location.hash) open(location.hash.slice(1));
  if ("live" in document.body.dataset) follow();
})();
