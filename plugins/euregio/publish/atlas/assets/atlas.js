// The map's manners: numbers on hover and focus, arrow keys from region to region, zoom. The page works without it.
"use strict";
// On a phone a card shows its first chart, a note its licence; the rest is a tap away. Paper has all of it.
(() => {
  const narrow = matchMedia("(max-width: 40rem)");
  const parts = document.querySelectorAll("details.rest");
  const fold = () => parts.forEach((part) => { part.open = !narrow.matches; });
  fold();
  narrow.addEventListener("change", fold);
  addEventListener("beforeprint", () => parts.forEach((part) => { part.open = true; }));
})();

(() => {
  const land = document.querySelector(".land");
  if (!land) return;
  const texts = JSON.parse(document.getElementById("map-texts").textContent);
  const told = document.querySelector(".told");
  const chosen = land.querySelector(".chosen");
  const areas = [...land.querySelectorAll(".area")];
  const full = [0, 0, Number(land.dataset.width), Number(land.dataset.height)];
  let view = full.slice();

  const measure = () => document.querySelector("input[name=measure]:checked")?.value;

  function line(text, name) {
    const element = document.createElement("span");
    element.className = name;
    element.textContent = text;
    return element;
  }

  function tell(area) {
    if (!area) {
      told.replaceChildren(told.dataset.hint);
      chosen.setAttribute("d", "");
      return;
    }
    const text = texts[area.dataset.code];
    told.replaceChildren(
      line(`${text.name}, ${text.side}`, "told-name"),
      line(text.values[measure()] ?? "", "told-value"),
      line(text.counts, "told-counts"),
    );
    chosen.setAttribute("d", area.getAttribute("d"));
  }

  function name(area) {
    const text = texts[area.dataset.code];
    area.setAttribute("aria-label", `${text.name}, ${text.side}. ${text.values[measure()] ?? ""} ${text.counts}`);
  }

  function move(area, by) {
    const next = areas[(areas.indexOf(area) + by + areas.length) % areas.length];
    areas.forEach((one) => one.setAttribute("tabindex", one === next ? "0" : "-1"));
    next.focus({ preventScroll: true });
  }

  function show(next) {
    const width = Math.min(Math.max(next[2], full[2] / 12), full[2]);
    const height = (width * full[3]) / full[2];
    const x = Math.min(Math.max(next[0] + (next[2] - width) / 2, 0), full[2] - width);
    const y = Math.min(Math.max(next[1] + (next[3] - height) / 2, 0), full[3] - height);
    view = [x, y, width, height];
    land.setAttribute("viewBox", view.map(Math.round).join(" "));
    land.closest(".sheet").classList.toggle("is-zoomed", width < full[2]);
    document.querySelectorAll(".names > text").forEach((label) => {
      label.setAttribute("x", `${((label.dataset.x * full[2]) / 100 - x) / width * 100}%`);
      label.setAttribute("y", `${((label.dataset.y * full[3]) / 100 - y) / height * 100}%`);
    });
  }

  function zoom(factor, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) {
    const [width, height] = [view[2] * factor, view[3] * factor];
    show([x - width / 2, y - height / 2, width, height]);
  }

  areas.forEach((area) => {
    area.querySelector("title")?.remove();
    name(area);
    area.addEventListener("pointerenter", () => tell(area));
    area.addEventListener("focus", () => {
      tell(area);
      const box = area.getBBox();
      if (view[2] < full[2]) zoom(1, box.x + box.width / 2, box.y + box.height / 2);
    });
    area.addEventListener("blur", () => tell(null));
    area.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (by) move(area, by);
      else if (event.key === "+") zoom(0.5);
      else if (event.key === "-") zoom(2);
      else if (event.key === "0" || event.key === "Escape") show(full);
      else return;
      event.preventDefault();
    });
  });
  land.addEventListener("pointerleave", () => tell(areas.find((area) => area === document.activeElement) ?? null));

  document.querySelectorAll("input[name=measure]").forEach((input) => {
    input.addEventListener("change", () => areas.forEach(name));
  });

  // Zoom: buttons, and dragging what is zoomed.
  const buttons = document.querySelector(".zoom");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const kind = event.target.dataset?.zoom;
    if (kind === "in") zoom(0.5);
    if (kind === "out") zoom(2);
    if (kind === "reset") show(full);
  });
  let held = null;
  land.addEventListener("pointerdown", (event) => {
    if (view[2] < full[2]) held = { x: event.clientX, y: event.clientY, view: view.slice() };
  });
  window.addEventListener("pointerup", () => { held = null; });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    const scale = held.view[2] / land.clientWidth;
    show([held.view[0] - (event.clientX - held.x) * scale, held.view[1] - (event.clientY - held.y) * scale, held.view[2], held.view[3]]);
  });
})();
