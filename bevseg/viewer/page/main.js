/** Start: read the scene, put the parts together, draw. */

import { connect } from "./api.js";
import { App } from "./app.js";
import { Painter } from "./draw.js";
import { Overlay } from "./overlay.js";
import { Panel } from "./panel.js";
import { Scene } from "./scene.js";
import { Tools } from "./tools.js";

const BUDGET = 4e6; // points in the memory of the page
const SHARPEST = 2; // device pixels a CSS pixel

function sizeOf(app, overlay) {
  const stage = document.getElementById("stage");
  const [width, height] = [stage.clientWidth, stage.clientHeight];
  if (!width || !height) return;
  const ratio = Math.min(devicePixelRatio || 1, SHARPEST);
  app.painter.resize(Math.round(width * ratio), Math.round(height * ratio));
  overlay.resize(width, height, ratio);
  app.camera.resize(width, height);
}

/** A graphics card can go away, as when a laptop sleeps. All points are still here: give them to it again. */
function survive(app, overlay) {
  const { canvas } = app.painter;
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => {
    app.painter.prepare();
    for (const tile of app.scene.tiles) for (const chunk of tile.chunks) app.painter.upload(chunk);
    sizeOf(app, overlay);
  });
}

async function start() {
  const api = connect();
  const asked = Promise.all([api.scene(), api.edits()]);
  const painter = new Painter(document.getElementById("points"));
  const [described, edits] = await asked;
  const scene = new Scene(described, api, painter, BUDGET);
  const app = new App(api, scene, painter);
  const overlay = new Overlay(document.getElementById("overlay"), app);
  app.edits = edits;
  scene.edited = edits.length > 0;
  const panel = new Panel(app);
  new Tools(overlay.canvas, app);
  app.listen((what) => what === "painted" && overlay.draw());
  app.listen((what) => what === "cursor" && app.tool === "brush" && app.redraw());
  panel.updateAll();
  new ResizeObserver(() => sizeOf(app, overlay)).observe(document.getElementById("stage"));
  sizeOf(app, overlay);
  app.setView("orbit");
  survive(app, overlay);
  window.bevseg = app;
  await app.begin();
  app.places = (await app.attempt(() => api.places())) ?? [];
  app.tell("places");
}

start().catch((error) => {
  const message = document.getElementById("message");
  message.textContent = error.message;
  message.classList.add("fault");
});
