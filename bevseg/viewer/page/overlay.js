/** What lies over the points: shapes, lines, marks, scale bar, north arrow, axes of a section. */

const ROUND = [1, 2, 5];
const FONT = '12px system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

/** The largest of 1, 2, 5, 10, 20 ... that is at most `value`. */
export function roundBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ROUND.filter((k) => k * power <= value * 1.000001).at(-1);
}

export function metres(value) {
  if (Math.abs(value) >= 1000) return `${value / 1000} km`;
  if (Math.abs(value) < 0.01 && value !== 0) return `${+(value * 1000).toPrecision(6)} mm`;
  return Math.abs(value) < 1 && value !== 0 ? `${+(value * 100).toPrecision(6)} cm` : `${value} m`;
}

export class Overlay {
  constructor(canvas, app) {
    this.canvas = canvas;
    this.app = app;
    this.pen = canvas.getContext("2d");
  }

  resize(width, height, ratio) {
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.ratio = ratio;
  }

  draw() {
    const { pen, app } = this;
    const dark = app.style.theme === "dark";
    this.ink = dark ? "#e8eaed" : "#1f2429";
    this.halo = dark ? "rgba(21,24,28,.85)" : "rgba(255,255,255,.85)";
    this.accent = dark ? "#4cc2ff" : "#0067b8";
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, app.camera.width, app.camera.height);
    pen.font = FONT;
    pen.lineJoin = "round";
    if (app.camera.view === "section") this.axes();
    else this.north();
    this.scaleBar();
    this.drawPlace();
    this.drawShape(app.shape, false);
    this.drawShape(app.drawing, true);
    this.drawMeasure();
    this.drawPicked();
    this.drawBrush();
  }

  /** Two strokes, light under dark, so that a line is seen on any colour. */
  stroke(colour, width = 1.5, dash = []) {
    const { pen } = this;
    pen.setLineDash([]);
    pen.strokeStyle = this.halo;
    pen.lineWidth = width + 2.5;
    pen.stroke();
    pen.setLineDash(dash);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke();
    pen.setLineDash([]);
  }

  text(words, x, y, align = "left") {
    const { pen } = this;
    pen.textAlign = align;
    pen.textBaseline = "middle";
    pen.lineWidth = 4;
    pen.strokeStyle = this.halo;
    pen.strokeText(words, x, y);
    pen.fillStyle = this.ink;
    pen.fillText(words, x, y);
  }

  path(points, isClosed) {
    const { pen } = this;
    pen.beginPath();
    points.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    if (isClosed) pen.closePath();
  }

  /** Pixels of positions of the plane in which a shape was drawn. */
  pixels(points, z = this.app.camera.target[2]) {
    const { camera } = this.app;
    const inSection = camera.view === "section";
    const placed = points.map((p) => (inSection ? [...camera.section.at(p[0]), p[1]] : [p[0], p[1], z]));
    return placed.map((p) => camera.project(p)).filter(Boolean);
  }

  drawShape(shape, isOpen) {
    if (!shape) return;
    const { pen, app } = this;
    const polygon = shape.polygon ?? (shape.kind === "polygon" ? shape.points : null);
    if (shape.kind === "line") this.drawLine(shape);
    else if (polygon) {
      this.path(this.pixels(polygon), !isOpen || shape.isRectangle);
      pen.fillStyle = "rgba(0, 170, 220, .10)";
      pen.fill();
      this.stroke(this.accent, 1.5, [6, 4]);
    } else if (shape.path) {
      this.path(this.pixels(shape.path), false);
      pen.lineCap = "round";
      pen.strokeStyle = "rgba(0, 170, 220, .25)";
      pen.lineWidth = Math.max((2 * shape.radius) / app.camera.scale, 1);
      if (shape.path.length === 1) {
        const [[x, y]] = this.pixels(shape.path);
        pen.lineTo(x + 0.01, y);
      }
      pen.stroke();
      pen.lineCap = "butt";
    }
    if (shape.kind === "piece" && shape.at) {
      const at = app.camera.project(shape.at);
      if (at) this.cross(at, this.accent);
    }
  }

  drawLine({ points }) {
    const { app } = this;
    const [a, b] = this.pixels(points);
    if (!a || !b) return;
    const half = app.thickness / 2 / app.camera.scale;
    const long = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const [nx, ny] = [(-(b[1] - a[1]) / long) * half, ((b[0] - a[0]) / long) * half];
    this.path([[a[0] + nx, a[1] + ny], [b[0] + nx, b[1] + ny], [b[0] - nx, b[1] - ny], [a[0] - nx, a[1] - ny]], true);
    this.stroke(this.accent, 1, [4, 3]);
    this.path([a, b], false);
    this.stroke(this.accent, 2);
    this.text(`${(long * app.camera.scale).toFixed(2)} m`, b[0] + 10, b[1] - 10);
  }

  drawMeasure() {
    const { app } = this;
    const points = app.measured.map((p) => app.camera.project(p));
    if (points.length === 2 && points[0] && points[1]) {
      this.path(points, false);
      this.stroke(this.accent, 2);
      const [a, b] = app.measured;
      const long = Math.hypot(...a.map((v, k) => b[k] - v));
      this.text(`${long.toFixed(3)} m`, (points[0][0] + points[1][0]) / 2 + 10, (points[0][1] + points[1][1]) / 2 - 12);
    }
    points.filter(Boolean).forEach((at) => this.cross(at, this.accent));
  }

  drawPicked() {
    const { app } = this;
    const { picked, camera } = app;
    const isAside = picked && camera.view === "section" && !camera.section.holds(...picked.position);
    const at = picked && !isAside && camera.project(picked.position);
    if (!at) return;
    this.pen.beginPath();
    this.pen.arc(at[0], at[1], 8, 0, 2 * Math.PI);
    this.stroke(this.accent, 2);
  }

  drawBrush() {
    const { app } = this;
    if (app.tool !== "brush" || !app.cursor) return;
    this.pen.beginPath();
    this.pen.arc(...app.cursor, app.brush, 0, 2 * Math.PI);
    this.stroke(this.accent, 1.5);
  }

  cross([x, y], colour) {
    const { pen } = this;
    pen.beginPath();
    for (const [dx, dy] of [[8, 0], [0, 8]]) {
      pen.moveTo(x - dx, y - dy);
      pen.lineTo(x + dx, y + dy);
    }
    this.stroke(colour, 2);
  }

  /** The box of a doubtful place. */
  drawPlace() {
    const { app, pen } = this;
    const place = app.places[app.place];
    if (!place || app.camera.view === "section") return;
    const { west, south, east, north } = place;
    const ground = [[west, south], [east, south], [east, north], [west, north]];
    const [low, high] = app.placeHeights.map((z) => ground.map((corner) => app.camera.project([...corner, z])));
    if (low.includes(null) || high.includes(null)) return;
    pen.beginPath();
    for (const ring of [low, high]) {
      ring.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
    }
    low.forEach(([x, y], k) => {
      pen.moveTo(x, y);
      pen.lineTo(high[k][0], high[k][1]);
    });
    this.stroke("#d6336c", 1.5);
  }

  scaleBar() {
    const { pen, app } = this;
    const long = roundBelow(130 * app.camera.scale);
    const wide = long / app.camera.scale;
    const [x, y] = [app.camera.view === "section" ? 80 : 18, app.camera.height - (app.camera.view === "section" ? 54 : 20)];
    pen.beginPath();
    pen.moveTo(x, y - 6);
    pen.lineTo(x, y);
    pen.lineTo(x + wide, y);
    pen.lineTo(x + wide, y - 6);
    this.stroke(this.ink, 1.5);
    this.text(metres(+long.toPrecision(6)), x + wide / 2, y - 13, "center");
  }

  /** An arrow that points north; from aslant it lies on the ground. */
  north() {
    const { pen, app } = this;
    const [x, y] = [app.camera.width - 38, 44];
    const { right, up } = app.camera.basis();
    const [dx, dy] = [right[1], -up[1]];
    const long = Math.hypot(dx, dy) || 1;
    const [ux, uy] = [dx / long, dy / long];
    const at = (along, aside) => [x + 22 * (along * ux - aside * uy), y + 22 * (along * uy + aside * ux)];
    this.path([at(0.9, 0), at(-0.7, 0.5), at(-0.35, 0), at(-0.7, -0.5)], true);
    this.stroke(this.ink, 1);
    pen.fillStyle = this.ink;
    pen.fill();
    const [tx, ty] = at(1.5, 0);
    this.text("N", tx, ty, "center");
  }

  /** Metres along the line below, heights on the left. */
  axes() {
    const { pen, app } = this;
    const { camera } = app;
    const { width, height } = camera;
    const [left, bottom] = [62, height - 30];
    const [west, low] = camera.planeAt(left, bottom);
    const [east, high] = camera.planeAt(width, 0);
    const step = roundBelow(95 * camera.scale);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    pen.fillStyle = this.halo;
    pen.fillRect(0, bottom, width, height - bottom);
    pen.fillRect(0, 0, left, height);
    this.path([[left, 0], [left, bottom], [width, bottom]], false);
    this.stroke(this.ink, 1);
    for (let k = Math.ceil(west / step); k * step <= east; k++) {
      const x = left + (k * step - west) / camera.scale;
      this.path([[x, bottom], [x, bottom + 5]], false);
      this.stroke(this.ink, 1);
      this.text(`${(k * step).toFixed(digits)} m`, x, bottom + 15, "center");
    }
    const origin = app.scene.origin[2];
    for (let k = Math.ceil((low + origin) / step); k * step <= high + origin; k++) {
      const y = bottom - (k * step - origin - low) / camera.scale;
      this.path([[left - 5, y], [left, y]], false);
      this.stroke(this.ink, 1);
      this.text(`${(k * step).toFixed(digits)} m`, left - 8, y, "right");
    }
  }
}
