/** Draws the points: first colour and depth, then the shading by depth on top. */

import { FIELD_OF_VIEW } from "./camera.js";
import { MODES, MOST_CLASSES, POINTS_FRAGMENT, POINTS_VERTEX, SHADE_FRAGMENT, SHADE_VERTEX } from "./shaders.js";

export const RECORD = 20;

function compiled(gl, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
  return shader;
}

function program(gl, vertex, fragment) {
  const linked = gl.createProgram();
  gl.attachShader(linked, compiled(gl, gl.VERTEX_SHADER, vertex));
  gl.attachShader(linked, compiled(gl, gl.FRAGMENT_SHADER, fragment));
  gl.linkProgram(linked);
  if (!gl.getProgramParameter(linked, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(linked));
  const uniforms = {};
  for (let k = 0; k < gl.getProgramParameter(linked, gl.ACTIVE_UNIFORMS); k++) {
    const name = gl.getActiveUniform(linked, k).name.replace("[0]", "");
    uniforms[name] = gl.getUniformLocation(linked, name);
  }
  return { linked, uniforms };
}

/** "#c0504d" -> three numbers from 0 to 1. */
export function rgb(colour) {
  return [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16) / 255);
}

export class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { antialias: false, alpha: false, depth: false });
    if (!this.gl) throw new Error("This browser offers no WebGL 2. Try another one, or switch hardware acceleration on.");
    this.prepare();
  }

  /** Programs and buffers; once more after the graphics card was lost. */
  prepare() {
    const gl = this.gl;
    this.points = program(gl, POINTS_VERTEX, POINTS_FRAGMENT);
    this.shade = program(gl, SHADE_VERTEX, SHADE_FRAGMENT);
    this.nothing = gl.createVertexArray();
    this.target = gl.createFramebuffer();
    this.colour = this.depth = null;
  }

  resize(width, height) {
    const gl = this.gl;
    this.canvas.width = width;
    this.canvas.height = height;
    if (this.colour) gl.deleteTexture(this.colour);
    if (this.depth) gl.deleteTexture(this.depth);
    this.colour = this.texture(gl.RGBA8, width, height);
    this.depth = this.texture(gl.DEPTH_COMPONENT24, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.colour, 0);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, this.depth, 0);
  }

  texture(format, width, height) {
    const gl = this.gl;
    const made = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    return made;
  }

  /** Records on the graphics card, with a byte a point for its class and one for whether it is selected. */
  upload(chunk) {
    const gl = this.gl;
    const vao = gl.createVertexArray();
    const buffers = [chunk.records, chunk.classes, chunk.selected].map((bytes) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, bytes, gl.DYNAMIC_DRAW);
      return buffer;
    });
    gl.bindVertexArray(vao);
    for (let k = 0; k < 6; k++) gl.enableVertexAttribArray(k);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[0]);
    gl.vertexAttribPointer(0, 3, gl.UNSIGNED_SHORT, true, RECORD, 0);
    gl.vertexAttribIPointer(1, 4, gl.UNSIGNED_BYTE, RECORD, 6);
    gl.vertexAttribPointer(2, 4, gl.UNSIGNED_BYTE, true, RECORD, 10);
    gl.vertexAttribIPointer(3, 2, gl.UNSIGNED_BYTE, RECORD, 14);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[1]);
    gl.vertexAttribIPointer(4, 1, gl.UNSIGNED_BYTE, 1, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[2]);
    gl.vertexAttribIPointer(5, 1, gl.UNSIGNED_BYTE, 1, 0);
    gl.bindVertexArray(null);
    chunk.gpu = { vao, buffers };
  }

  uploadClasses(chunk) {
    this.replace(chunk.gpu.buffers[1], chunk.classes);
  }

  uploadSelected(chunk) {
    this.replace(chunk.gpu.buffers[2], chunk.selected);
  }

  replace(buffer, bytes) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, buffer);
    this.gl.bufferSubData(this.gl.ARRAY_BUFFER, 0, bytes);
  }

  release(chunk) {
    this.gl.deleteVertexArray(chunk.gpu.vao);
    for (const buffer of chunk.gpu.buffers) this.gl.deleteBuffer(buffer);
    chunk.gpu = null;
  }

  /** Draw; `share` of each tile is enough while the camera moves, because any first part of a tile is a sample. */
  draw(scene, camera, style, share) {
    const gl = this.gl;
    const ratio = this.canvas.height / camera.height;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 1);
    gl.clearDepth(1);
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(this.points.linked);
    this.setView(camera, style, ratio);
    let drawn = 0;
    for (const tile of scene.visible(camera)) drawn += this.drawTile(tile, camera, share);
    this.drawShade(camera, style, ratio);
    return drawn;
  }

  setView(camera, style, ratio) {
    const gl = this.gl;
    const uniforms = this.points.uniforms;
    const { section, target } = camera;
    gl.uniformMatrix4fv(uniforms.u_matrix, false, camera.matrix());
    const inSection = camera.view === "section";
    gl.uniform2f(uniforms.u_slab, inSection ? section.length : 0, inSection ? section.width / 2 : -1);
    if (inSection) {
      const [x, y] = section.start;
      gl.uniform4f(uniforms.u_section, x - target[0], y - target[1], section.along[0], section.along[1]);
    }
    gl.uniform1i(uniforms.u_mode, MODES.indexOf(style.mode));
    gl.uniform1ui(uniforms.u_shown, style.shown);
    gl.uniform1ui(uniforms.u_least, style.least);
    gl.uniform2ui(uniforms.u_heights, style.heights[0], style.heights[1]);
    gl.uniform2f(uniforms.u_points, style.size * ratio, style.size * 0.025);
    const metre = ratio / camera.scale;
    gl.uniform2f(uniforms.u_pixels, metre * camera.distance, camera.flat ? metre : 0);
    gl.uniform1f(uniforms.u_tallest, style.tallest);
    gl.uniform1f(uniforms.u_grain, style.grain);
    const palette = new Float32Array(3 * MOST_CLASSES);
    style.palette.slice(0, MOST_CLASSES).forEach((colour, k) => palette.set(rgb(colour), 3 * k));
    gl.uniform3fv(uniforms.u_palette, palette);
  }

  drawTile(tile, camera, share) {
    const gl = this.gl;
    const uniforms = this.points.uniforms;
    const low = tile.min.map((v, k) => v - camera.target[k]);
    gl.uniform3f(uniforms.u_low, ...low);
    gl.uniform3f(uniforms.u_size, ...tile.size);
    let left = Math.ceil(tile.loaded * share);
    let drawn = 0;
    for (const chunk of tile.chunks) {
      const count = Math.min(left, chunk.to - chunk.from);
      if (count <= 0) break;
      gl.bindVertexArray(chunk.gpu.vao);
      gl.drawArrays(gl.POINTS, 0, count);
      left -= count;
      drawn += count;
    }
    return drawn;
  }

  drawShade(camera, style, ratio) {
    const gl = this.gl;
    const uniforms = this.shade.uniforms;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.disable(gl.DEPTH_TEST);
    gl.useProgram(this.shade.linked);
    [this.colour, this.depth].forEach((texture, k) => {
      gl.activeTexture(gl.TEXTURE0 + k);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
    gl.uniform1i(uniforms.u_colour, 0);
    gl.uniform1i(uniforms.u_depth, 1);
    gl.uniform3f(uniforms.u_background, ...rgb(style.background));
    const pixel = (2 * Math.tan(FIELD_OF_VIEW / 2)) / this.canvas.height;
    if (camera.flat) gl.uniform4f(uniforms.u_lens, 0, 2 * camera.reach, camera.scale / ratio, 1);
    else gl.uniform4f(uniforms.u_lens, camera.near(), camera.far(), pixel, 0);
    gl.uniform1f(uniforms.u_strength, style.shading);
    gl.uniform1f(uniforms.u_radius, Math.max(1, Math.round(1.4 * ratio)));
    gl.bindVertexArray(this.nothing);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}
