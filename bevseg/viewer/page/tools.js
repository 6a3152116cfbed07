/** Mouse and pen on the picture: look around, draw shapes, pick points. */

const CLICK = 4; // pixels that a click may move
const MOST_CORNERS = 2000;

function rectangle([ax, ay], [bx, by]) {
  return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
}

export class Tools {
  constructor(surface, app) {
    this.surface = surface;
    this.app = app;
    this.held = null;
    surface.addEventListener("pointerdown", (event) => this.down(event));
    surface.addEventListener("pointermove", (event) => this.move(event));
    surface.addEventListener("pointerup", (event) => this.up(event));
    surface.addEventListener("pointercancel", () => this.cancel());
    surface.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    surface.addEventListener("contextmenu", (event) => event.preventDefault());
    surface.addEventListener("dblclick", (event) => this.twice(event));
    surface.addEventListener("pointerleave", () => this.hover(null));
  }

  at(event) {
    const box = this.surface.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    const at = this.at(event);
    document.activeElement?.blur(); // keys now mean the picture
    this.app.flying = null;
    this.surface.setPointerCapture(event.pointerId);
    const draws = ["rectangle", "lasso", "brush", "section"].includes(this.app.tool);
    const left = event.button === 0 && !event.shiftKey;
    let action = "pan";
    if (left && draws && this.app.camera.flat) action = "draw";
    else if (left && !this.app.camera.flat) action = "turn";
    this.held = { action, from: at, last: at, moved: 0, isLeft: left };
    if (action === "draw") this.begin(this.app.camera.planeAt(...at));
  }

  move(event) {
    const at = this.at(event);
    this.hover(at);
    const held = this.held;
    if (!held) return;
    const [dx, dy] = [at[0] - held.last[0], at[1] - held.last[1]];
    held.moved = Math.max(held.moved, Math.hypot(at[0] - held.from[0], at[1] - held.from[1]));
    held.last = at;
    if (held.action === "draw") this.extend(this.app.camera.planeAt(...at));
    else if (held.moved < CLICK) return;
    else if (held.action === "turn") this.app.camera.turn(dx, dy);
    else this.app.camera.pan(dx, dy);
  }

  up(event) {
    const held = this.held;
    this.held = null;
    if (!held) return;
    if (held.action === "draw") this.finish(held);
    else if (held.moved < CLICK && held.isLeft) this.click(...this.at(event));
  }

  cancel() {
    this.held = null;
    this.app.drawing = null;
    this.app.redraw();
  }

  wheel(event) {
    event.preventDefault();
    this.app.flying = null;
    const lines = event.deltaMode === 1 ? 33 : 1;
    this.app.camera.zoom(Math.exp(Math.max(-300, Math.min(300, event.deltaY * lines)) * 0.0015), ...this.at(event));
  }

  twice(event) {
    if (this.app.tool === "look") this.app.turnAround(...this.at(event));
  }

  hover(at) {
    this.app.cursor = at;
    for (const listener of this.app.listeners) listener("cursor");
  }

  begin(point) {
    const { app } = this;
    app.dropShape();
    const radius = app.brush * app.camera.scale;
    const shapes = {
      rectangle: { kind: "polygon", points: [point], isRectangle: true, corner: point },
      lasso: { kind: "polygon", points: [point] },
      brush: { kind: "brush", path: [point], radius },
      section: { kind: "line", points: [point, point] },
    };
    app.drawing = shapes[app.tool];
    app.redraw();
  }

  extend(point) {
    const { app } = this;
    const { drawing } = app;
    if (!drawing) return; // Esc
    if (drawing.kind === "line") drawing.points[1] = point;
    else if (drawing.isRectangle) drawing.points = rectangle(drawing.corner, point);
    else {
      const list = drawing.path ?? drawing.points;
      const least = drawing.path ? drawing.radius / 3 : 2 * app.camera.scale;
      const last = list.at(-1);
      if (list.length < MOST_CORNERS && Math.hypot(point[0] - last[0], point[1] - last[1]) >= least) list.push(point);
    }
    app.redraw();
  }

  finish(held) {
    const { app } = this;
    const { drawing } = app;
    app.drawing = null;
    app.redraw();
    if (!drawing) return;
    if (drawing.kind === "line") app.enterSection(...drawing.points);
    else if (drawing.path) app.choose(this.placed({ path: drawing.path, radius: drawing.radius }, "brush"));
    else if (drawing.points.length > 2 && held.moved >= CLICK) app.choose(this.placed({ polygon: drawing.points }, "polygon"));
  }

  /** The shape as the server takes it: from above, or in the plane of the section. */
  placed(drawn, kind) {
    const { section, view } = this.app.camera;
    if (view === "section") {
      return { kind: "section", line: [section.start, section.end], width: section.width, ...drawn };
    }
    return kind === "polygon" ? { kind, points: drawn.polygon } : { kind, ...drawn };
  }

  click(sx, sy) {
    const { app } = this;
    if (app.tool === "measure") return app.measure(sx, sy);
    return app.tool === "piece" ? app.choosePiece(sx, sy) : app.inspect(sx, sy);
  }
}
