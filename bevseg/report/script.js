"use strict";
/* Zoom and pan of the maps. Without it the page shows the whole maps. */
for (const map of document.querySelectorAll(".map")) {
  const plate = map.querySelector(".plate"), world = plate.querySelector(".world");
  const home = ["x", "y", "width", "height"].map((key) => Number(map.dataset[key]));
  const left = Number(map.dataset.left), top = Number(map.dataset.top);
  const frame = ["x", "y", "width", "height"].map((key) => Number(world.getAttribute(key)));
  const poles = [...world.querySelectorAll(".pole")], where = map.querySelector(".where");
  const cell = Number(map.dataset.cell);
  let view = [...home];
  map.classList.add("live");

  const make = (name, attributes, text, into) => {
    const node = document.createElementNS(plate.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    into.append(node);
  };
  const rounded = (most) => {
    const power = 10 ** Math.floor(Math.log10(most));
    return Math.max(...[1, 2, 5].map((factor) => factor * power).filter((value) => value <= most * (1 + 1e-9)));
  };
  const multiples = (low, high, step) => {
    const first = Math.ceil(low / step), last = Math.floor(high / step);
    return Array.from({ length: Math.max(last - first + 1, 0) }, (_, place) => (first + place) * step);
  };
  const written = (value, step) =>
    value.toFixed(Math.max(0, -Math.floor(Math.log10(step)))).replace("-", "\u2212")
      .replace(/\d(?=(\d{3})+(\.|$))/g, "$&\u2009");

  function draw() {
    world.setAttribute("viewBox", view.join(" "));
    const unit = view[2] / frame[2], step = rounded(view[2] / 6);
    for (const pole of poles) pole.setAttribute("r", 4.5 * unit);
    map.classList.toggle("coarse", cell > unit);
    const ticks = plate.querySelector(".ticks");
    ticks.replaceChildren();
    const west = left + view[0], north = top - view[1];
    for (const at of multiples(west, west + view[2], step)) {
      const x = frame[0] + (at - west) / unit, low = frame[1] + frame[3];
      make("line", { class: "grid", x1: x, x2: x, y1: frame[1], y2: low }, undefined, ticks);
      make("text", { x, y: low + 17, "text-anchor": "middle" }, written(at, step), ticks);
    }
    for (const at of multiples(north - view[3] + 30 * unit, north - 30 * unit, step)) {
      const y = frame[1] + (north - at) / unit;
      make("line", { class: "grid", x1: frame[0], x2: frame[0] + frame[2], y1: y, y2: y }, undefined, ticks);
      make("text", { transform: `translate(${frame[0] - 8} ${y}) rotate(-90)`, "text-anchor": "middle" }, written(at, step), ticks);
    }
    const metres = rounded(view[2] * 0.2), long = metres / unit;
    for (const bar of plate.querySelectorAll(".scale path"))
      bar.setAttribute("d", `M${frame[0] + 18} ${frame[1] + frame[3] - 24}v8h${long}v-8`);
    const text = plate.querySelector(".scale text");
    text.setAttribute("x", frame[0] + 18 + long / 2);
    text.textContent = `${Number(metres.toPrecision(3))} m`;
  }

  function place(event) {
    const box = plate.getBoundingClientRect(), scale = plate.viewBox.baseVal.width / box.width;
    const unit = view[2] / frame[2];
    return [view[0] + ((event.clientX - box.left) * scale - frame[0]) * unit,
      view[1] + ((event.clientY - box.top) * scale - frame[1]) * unit];
  }
  function zoom(factor, at = [view[0] + view[2] / 2, view[1] + view[3] / 2]) {
    const width = Math.min(Math.max(view[2] / factor, 2), home[2]);
    const share = width / view[2];
    view = [at[0] - (at[0] - view[0]) * share, at[1] - (at[1] - view[1]) * share, width, view[3] * share];
    settle();
  }
  function settle() {
    for (const axis of [0, 1])
      view[axis] = Math.min(Math.max(view[axis], home[axis]), home[axis] + home[axis + 2] - view[axis + 2]);
    draw();
  }
  let held = null;
  world.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = place(event);
    world.setPointerCapture(event.pointerId);
    world.classList.add("held");
  });
  world.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (held) {
      view = [view[0] + held[0] - at[0], view[1] + held[1] - at[1], view[2], view[3]];
      settle();
    }
    where.textContent = `${written(left + at[0], 0.1)}  ${written(top - at[1], 0.1)}`;
  });
  for (const kind of ["pointerup", "pointercancel"])
    world.addEventListener(kind, () => { held = null; world.classList.remove("held"); });
  world.addEventListener("pointerleave", () => { where.textContent = ""; });
  world.addEventListener("dblclick", (event) => { zoom(2, place(event)); event.preventDefault(); });
  world.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), place(event));
  }, { passive: false });
  map.querySelector(".zoom-in").addEventListener("click", () => zoom(1.6));
  map.querySelector(".zoom-out").addEventListener("click", () => zoom(1 / 1.6));
  map.querySelector(".zoom-home").addEventListener("click", () => { view = [...home]; draw(); });
  addEventListener("beforeprint", () => { view = [...home]; draw(); });
}
