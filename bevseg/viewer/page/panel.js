/** The side panel, the tool bar and the messages. Texts of files go in as text, never as markup. */

import { TALLEST } from "./app.js";
import { MOUSE, keys, listenToKeys } from "./keys.js";

const $ = (id) => document.getElementById(id);

const LABELS = { source: "file" };

const HINTS = {
  section: "Draw a line: press, drag along it, let go.",
  rectangle: "Drag a rectangle. Right button: move. Wheel: zoom.",
  lasso: "Draw around the points.",
  brush: "Paint over the points. [ and ] change the size.",
  piece: "Click a point: all that hangs together with it is selected.",
  measure: "Click two points.",
};

const length = (value) => `${value.toFixed(3)} m`;

/** Facts of a point: key in the answer, name on the page, how the value is shown. */
const FACTS = [
  ["x", "x", length],
  ["y", "y", length],
  ["z", "z", length],
  ["height", "above ground", (value) => `${value.toFixed(2)} m`],
  ["class", "class", String],
  ["file_class", "class in the file", String],
  ["confidence", "confidence", (value) => `${Math.round(100 * value)} %`],
  ["reason", "reason of doubt", String],
  ["truth", "truth", String],
  ["intensity", "intensity", String],
  ["rgb", "RGB", (value) => value.join(", ")],
  ["cloud", "file", String],
  ["index", "index", String],
];

const SHOWN_PLACES = 300;
const SHOWN_EDITS = 100;
const MESSAGE = 5000; // ms

export function count(number) {
  return number.toLocaleString("en");
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function swatch(colour) {
  const made = element("span", "swatch");
  made.style.background = colour;
  return made;
}

function pairs(list, facts) {
  list.replaceChildren(...facts.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
}

export class Panel {
  constructor(app) {
    this.app = app;
    this.fill();
    this.listen();
    app.listen((what) => this.update(what));
    this.keys = keys(app, this);
    listenToKeys(this.keys);
    this.fillHelp();
  }

  colourOf(name) {
    return this.app.scene.classes.find((each) => each.name === name)?.colour ?? "#888888";
  }

  // What does not change

  fill() {
    const { scene, style } = this.app;
    document.title = `${scene.name} - bevseg view`;
    $("name").textContent = scene.name;
    const points = scene.clouds.reduce((sum, cloud) => sum + cloud.points, 0);
    const files = scene.clouds.length === 1 ? "1 cloud" : `${count(scene.clouds.length)} clouds`;
    const sampled = scene.sampled ? `, ${count(scene.tiles.reduce((sum, tile) => sum + tile.points, 0))} of them here` : "";
    $("about").textContent = `${files}, ${count(points)} points${sampled}${scene.crs ? `, ${scene.crs}` : ""}`;
    for (const part of document.querySelectorAll("[data-edits]")) part.hidden = !scene.editable;
    this.fillModes();
    this.fillClasses();
    this.fillClassButtons();
    $("budget").value = this.app.scene.budget / 1e6;
    $("goto-crs").textContent = scene.crs ?? "";
    $("size").value = style.size;
  }

  fillModes() {
    const { scene } = this.app;
    $("modes").replaceChildren(
      ...scene.modes.map((mode, k) => {
        const button = element("button", "", LABELS[mode] ?? mode);
        button.type = "button";
        button.dataset.mode = mode;
        button.title = `Colour by ${LABELS[mode] ?? mode} (${k + 1})`;
        button.setAttribute("role", "radio");
        button.addEventListener("click", () => this.app.setMode(mode));
        return button;
      }),
    );
  }

  fillClasses() {
    const { scene } = this.app;
    this.counts = scene.classes.map(() => element("span", "count"));
    const rows = scene.classes.map((each, k) => {
      const [row, label, box] = [element("li"), element("label"), element("input")];
      box.type = "checkbox";
      box.checked = true;
      box.dataset.class = each.name;
      box.addEventListener("change", () => this.app.showClass(k, box.checked));
      label.append(box, swatch(each.colour), element("span", "label", each.name), this.counts[k]);
      row.append(label);
      return row;
    });
    // Undefined stands first in the table of classes and last in the list.
    $("classes").replaceChildren(...rows.slice(1), rows[0]);
  }

  fillClassButtons() {
    const { scene } = this.app;
    const buttons = scene.classes.map((each, k) => {
      const button = element("button");
      button.type = "button";
      button.dataset.apply = each.name;
      button.title = `The selected points are ${each.name} (Shift+${k})`;
      button.append(swatch(each.colour), element("span", "", each.name), element("kbd", "", `⇧${k}`));
      button.addEventListener("click", () => this.app.apply(each.name));
      return button;
    });
    $("class-buttons").replaceChildren(...buttons.slice(1), buttons[0]);
  }

  fillHelp() {
    const groups = [["Mouse", MOUSE], ...this.keys];
    $("help-keys").replaceChildren(
      ...groups.map(([title, group]) => {
        const [part, list] = [element("div"), element("dl")];
        for (const [key, meaning] of group.filter(([key]) => key)) {
          const name = element("dt");
          name.append(element("kbd", "", key));
          list.append(name, element("dd", "", meaning));
        }
        part.append(element("h3", "", title), list);
        return part;
      }),
    );
  }

  // What a person does

  listen() {
    const { app } = this;
    for (const button of document.querySelectorAll("[data-view]")) {
      button.addEventListener("click", () => app.setView(button.dataset.view));
    }
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => app.setTool(button.dataset.tool));
    }
    $("fit").addEventListener("click", (event) => app.fit(event.shiftKey));
    $("goto").addEventListener("click", () => this.askWhere());
    $("theme").addEventListener("click", () => this.switchTheme());
    $("keys").addEventListener("click", () => this.showHelp());
    $("confirm").addEventListener("click", () => app.apply(null));
    $("undo").addEventListener("click", () => app.undo());
    $("redo").addEventListener("click", () => app.redo());
    $("next").addEventListener("click", () => app.goToPlace(1));
    $("choose-place").addEventListener("click", () => app.choosePlace());
    $("close-point").addEventListener("click", () => app.forget());
    $("previous").addEventListener("click", () => app.goToPlace(-1));
    $("goto-form").addEventListener("submit", (event) => event.submitter?.value === "go" && this.goThere());
    this.listenToFilters();
  }

  listenToFilters() {
    const { app } = this;
    const number = (id, otherwise) => ($(id).value.trim() === "" || !isFinite($(id).value) ? otherwise : Number($(id).value));
    $("least").addEventListener("input", () => app.setStyle({ least: Math.ceil(number("least", 0) * 2.55) }, true));
    const heights = () => {
      const step = (value) => Math.max(0, Math.min(TALLEST, Math.round(value * 10)));
      app.setStyle({ heights: [step(number("lowest", 0)), step(number("highest", TALLEST / 10))] }, true);
    };
    $("lowest").addEventListener("input", heights);
    $("highest").addEventListener("input", heights);
    $("size").addEventListener("input", () => app.setStyle({ size: number("size", 2) }));
    $("shading").addEventListener("input", () => app.setStyle({ shading: number("shading", 1) }));
    $("brush").addEventListener("input", () => this.resizeBrush(number("brush", 12) / app.brush));
    $("thickness").addEventListener("input", () => app.setThickness(number("thickness", 2)));
    $("budget").addEventListener("change", () => {
      app.scene.budget = Math.max(0.1, Math.min(20, number("budget", 4))) * 1e6;
      app.moved();
    });
  }

  resizePoints(step) {
    this.app.setStyle({ size: Math.max(1, Math.min(8, this.app.style.size + step)) });
  }

  resizeBrush(factor) {
    this.app.brush = Math.max(3, Math.min(80, this.app.brush * factor));
    this.app.tell("style");
  }

  switchTheme() {
    this.app.setStyle({ theme: this.app.style.theme === "dark" ? "light" : "dark" });
  }

  nudge(key) {
    const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    this.app.camera.pan(...(moves[key] ?? [0, 0]));
  }

  applyClass(number) {
    const found = this.app.scene.classes[number];
    if (found) this.app.apply(found.name);
  }

  showHelp() {
    $("help").showModal();
  }

  askWhere() {
    const { camera, scene } = this.app;
    $("goto-x").value = (camera.target[0] + scene.origin[0]).toFixed(2);
    $("goto-y").value = (camera.target[1] + scene.origin[1]).toFixed(2);
    $("goto-dialog").showModal();
    $("goto-x").select();
  }

  goThere() {
    const [x, y] = ["goto-x", "goto-y"].map((id) => parseFloat($(id).value.replace(",", ".").replace(/\s/g, "")));
    if (isFinite(x) && isFinite(y)) this.app.goTo(x, y);
    else this.app.say("These are no coordinates. Give metres, such as 86037.5.", true);
  }

  // What changes

  update(what) {
    if (what === "painted") return this.showLoading();
    if (what === "cursor") return this.showCursor();
    if (what === "message") return this.showMessage();
    if (what === "busy") return document.body.toggleAttribute("data-busy", this.app.busy > 0);
    if (what === "style" || what === "rested") return this.showStyle();
    if (what === "tool" || what === "view") this.showTool();
    if (what === "picked") this.showPoint();
    if (what === "measured" || what === "tool") this.showMeasure();
    if (what === "place" || what === "places") this.showPlaces(what === "places");
    if (what === "edits") this.showEdits();
    if (what === "selection" || what === "edits") this.showSelection();
    if (what === "edits") this.showCounts();
  }

  updateAll() {
    ["style", "tool", "picked", "measured", "places", "edits", "selection"].forEach((what) => this.update(what));
  }

  showStyle() {
    const { style, brush, camera, scene } = this.app;
    document.body.dataset.theme = style.theme;
    $("theme").textContent = style.theme === "dark" ? "Light" : "Dark";
    for (const button of $("modes").children) {
      button.setAttribute("aria-checked", String(button.dataset.mode === style.mode));
    }
    $("least-out").textContent = `${Math.round(style.least / 2.55)} %`;
    $("size-out").textContent = style.size.toFixed(1);
    $("size").value = style.size;
    $("brush").value = brush;
    $("brush-out").textContent = `${(brush * camera.scale).toFixed(2)} m`;
    this.showLegend(style, scene);
  }

  showLegend(style, scene) {
    const bars = {
      confidence: ["20 %", "100 %"],
      height: ["0 m", `${style.tallest / 2} m`, `${style.tallest} m above ground`],
      intensity: ["weak", "strong"],
    };
    const legend = $("legend");
    legend.replaceChildren();
    if (bars[style.mode]) {
      const ticks = element("div", "ticks");
      ticks.append(...bars[style.mode].map((text) => element("span", "", text)));
      legend.append(element("div", `bar ${style.mode}`), ticks);
    } else if (style.mode === "error") {
      legend.append(this.legendList([["#409961", "right"], ["#db2b2b", "wrong"], ["#9e9e9e", "no truth"]]));
    } else if (style.mode === "source") {
      legend.append(this.legendList(scene.clouds.slice(0, 60).map((cloud, k) => [colourOfNumber(k % 256), cloud.name])));
    }
  }

  legendList(entries) {
    const list = element("ul", "counts");
    for (const [colour, text] of entries) {
      const row = element("li", "plain");
      row.append(swatch(colour), element("span", "label", text));
      list.append(row);
    }
    return list;
  }

  showTool() {
    const { tool, camera } = this.app;
    $("overlay").dataset.tool = tool;
    $("stage").dataset.view = camera.view;
    for (const button of document.querySelectorAll("[data-tool], [data-view]")) {
      const isSection = button.dataset.tool === "section" && camera.view === "section";
      const isOn = button.dataset.view ? button.dataset.view === camera.view : button.dataset.tool === tool || isSection;
      button.setAttribute("aria-pressed", String(isOn));
    }
    $("hint").hidden = !HINTS[tool];
    $("hint").textContent = HINTS[tool] ?? "";
    $("brush-line").hidden = tool !== "brush";
    this.showStyle();
  }

  showLoading() {
    const { scene, drawn } = this.app;
    const more = scene.complete ? "" : " ...";
    $("loading").textContent = `${count(drawn)} points drawn${more}`;
  }

  showCursor() {
    const { cursor, camera, scene } = this.app;
    if (!cursor) return void ($("cursor").textContent = "");
    if (camera.view === "section") {
      const [along, z] = camera.planeAt(...cursor);
      $("cursor").textContent = `${along.toFixed(2)} m along, height ${(z + scene.origin[2]).toFixed(2)} m`;
      return;
    }
    const at = camera.groundAt(...cursor);
    $("cursor").textContent = at
      ? `E ${(at[0] + scene.origin[0]).toFixed(2)}  N ${(at[1] + scene.origin[1]).toFixed(2)}`
      : "";
  }

  showMessage() {
    const { text, isFault } = this.app.message;
    $("message").textContent = text;
    $("message").classList.toggle("fault", isFault);
    clearTimeout(this.fading);
    this.fading = setTimeout(() => ($("message").textContent = ""), isFault ? 3 * MESSAGE : MESSAGE);
  }

  showCounts() {
    const { scene } = this.app;
    scene.classes.forEach((each, k) => {
      this.counts[k].textContent = count(scene.counts[each.name] ?? 0);
    });
  }

  showSelection() {
    const { shape, selection, edits } = this.app;
    const some = Boolean(selection?.points);
    for (const button of $("class-buttons").children) button.disabled = !some;
    $("confirm").disabled = !some;
    $("undo").disabled = !edits.length;
    let words = "Select points with a tool: rectangle, lasso, brush or piece.";
    if (shape) words = "Counting the points ...";
    if (selection) words = some ? `${count(selection.points)} points are selected. What are they?` : "No shown points are in there.";
    $("chosen").textContent = words;
    const counts = Object.entries(selection?.counts ?? {}).filter(([, points]) => points);
    $("chosen-counts").replaceChildren(...counts.map(([name, points]) => this.countRow(name, points)));
  }

  countRow(name, points) {
    const row = element("li", "plain");
    row.append(swatch(this.colourOf(name)), element("span", "label", name), element("span", "count", count(points)));
    return row;
  }

  showPoint() {
    const { picked, scene } = this.app;
    $("point").hidden = !picked;
    if (!picked) return;
    const facts = picked.facts ?? {};
    const rows = [];
    for (const [key, name, shown] of FACTS) {
      const value = facts[key];
      if (value === undefined || value === null || (key === "file_class" && value === facts.class)) continue;
      rows.push([name, shown(value)]);
    }
    pairs($("facts"), rows.length ? rows : [["class", scene.classes[picked.class]?.name ?? ""]]);
  }

  showMeasure() {
    const { measured } = this.app;
    $("measure").hidden = measured.length < 2;
    if (measured.length < 2) return;
    const [dx, dy, dz] = measured[1].map((v, k) => v - measured[0][k]);
    pairs($("lengths"), [
      ["distance", `${Math.hypot(dx, dy, dz).toFixed(3)} m`],
      ["from above", `${Math.hypot(dx, dy).toFixed(3)} m`],
      ["height", `${dz.toFixed(3)} m`],
      ["east, north", `${dx.toFixed(3)}, ${dy.toFixed(3)} m`],
    ]);
  }

  showPlaces(anew) {
    const { places, place } = this.app;
    $("doubt").hidden = !places.length;
    $("place-number").textContent = place < 0 ? `(${count(places.length)})` : `(${place + 1} of ${count(places.length)})`;
    $("choose-place").disabled = place < 0;
    if (anew) $("places").replaceChildren(...places.slice(0, SHOWN_PLACES).map((each, k) => this.placeRow(each, k)));
    [...$("places").children].forEach((row, k) => {
      const isHere = k === place;
      row.firstChild.setAttribute("aria-current", String(isHere));
      if (isHere) row.scrollIntoView({ block: "nearest" });
    });
  }

  placeRow(place, number) {
    const [row, button] = [element("li"), element("button")];
    button.type = "button";
    button.append(
      swatch(this.colourOf(place.class)),
      element("span", "", `${place.class}, ${count(place.points)} points`),
      element("span", "count", `${Math.round(100 * place.confidence)} %`),
      element("span", "why", place.reason === "none" ? "low confidence" : place.reason),
    );
    button.addEventListener("click", () => this.app.visit(number));
    row.append(button);
    return row;
  }

  showEdits() {
    const { edits } = this.app;
    $("past").hidden = !edits.length || !this.app.scene.editable;
    const latest = [...edits].reverse().slice(0, SHOWN_EDITS);
    $("history").replaceChildren(
      ...latest.map((edit) => {
        const row = element("li");
        const name = edit.class ?? null;
        row.append(
          swatch(name === null ? "transparent" : this.colourOf(name)),
          element("span", "label", `${edit.edit}: ${name ?? "confirmed"}, ${edit.how}`),
          element("span", "count", count(edit.points)),
        );
        return row;
      }),
    );
  }
}

/** The colour that the shader gives to a file. */
function colourOfNumber(number) {
  const hue = ((0.58 + number * 0.61803399) % 1) * 6;
  const pure = [Math.abs(hue - 3) - 1, 2 - Math.abs(hue - 2), 2 - Math.abs(hue - 4)];
  const bytes = pure.map((v) => Math.round(255 * (0.22 + 0.6 * Math.min(1, Math.max(0, v)))));
  return `rgb(${bytes.join(", ")})`;
}
