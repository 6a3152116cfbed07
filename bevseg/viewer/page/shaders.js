/** The programs of the graphics card: points with filters and colour modes, and the shading by depth. */

export const MODES = ["class", "confidence", "height", "intensity", "rgb", "truth", "error", "source"];
export const MOST_CLASSES = 32;

export const POINTS_VERTEX = `#version 300 es
precision highp float;
precision highp int;

layout(location = 0) in vec3 a_position;   // 0 to 1 in the box of the tile
layout(location = 1) in uvec4 a_labels;    // class of the file, confidence, reason, truth
layout(location = 2) in vec4 a_colour;     // red, green, blue, intensity
layout(location = 3) in uvec2 a_source;    // source file, height above ground in 0.1 m
layout(location = 4) in uint a_class;      // class with the edits
layout(location = 5) in uint a_selected;

uniform mat4 u_matrix;
uniform vec3 u_low, u_size;                // box of the tile relative to the target of the camera
uniform vec4 u_section;                    // start of the line relative to the target, and its direction
uniform vec2 u_slab;                       // its length, and half the thickness; below 0 without a section
uniform int u_mode;
uniform uint u_shown;                      // bit k: class k is shown
uniform uint u_least;                      // least confidence
uniform uvec2 u_heights;                   // lowest and highest height above ground, 0.1 m
uniform vec2 u_points;                     // size in pixels, size in metres
uniform vec2 u_pixels;                     // pixels a metre: at depth 1 (perspective), everywhere (flat)
uniform float u_tallest;
uniform float u_grain;                     // share of the intensity in the colours of classes
uniform vec3 u_palette[${MOST_CLASSES}];

out vec3 v_colour;
out float v_size;

vec3 ramp(float t, vec3 a, vec3 b, vec3 c, vec3 d, vec3 e) {
  t = clamp(t, 0.0, 1.0) * 4.0;
  if (t < 1.0) return mix(a, b, t);
  if (t < 2.0) return mix(b, c, t - 1.0);
  if (t < 3.0) return mix(c, d, t - 2.0);
  return mix(d, e, t - 3.0);
}

// Doubt stands out, what is certain is calm.
vec3 of_confidence(float t) {
  return ramp(t, vec3(0.60, 0.06, 0.15), vec3(0.87, 0.25, 0.20), vec3(0.97, 0.62, 0.30), vec3(0.72, 0.80, 0.80),
              vec3(0.36, 0.54, 0.66));
}

vec3 of_height(float t) {
  return ramp(t, vec3(0.36, 0.30, 0.62), vec3(0.19, 0.46, 0.62), vec3(0.21, 0.68, 0.50), vec3(0.70, 0.83, 0.30),
              vec3(0.98, 0.75, 0.25));
}

// The hues of successive numbers lie a golden section apart.
vec3 of_number(uint number) {
  float hue = fract(0.58 + float(number) * 0.61803399) * 6.0;
  vec3 pure = clamp(vec3(abs(hue - 3.0) - 1.0, 2.0 - abs(hue - 2.0), 2.0 - abs(hue - 4.0)), 0.0, 1.0);
  return mix(vec3(0.55), pure, 0.6);
}

// A little of the intensity in the colours of classes: windows and road marks become visible.
vec3 grained(vec3 flat_colour) {
  return flat_colour * (1.0 + u_grain * (a_colour.a - 0.5));
}

vec3 colour() {
  uint last = uint(${MOST_CLASSES - 1});
  if (u_mode == 0) return grained(u_palette[min(a_class, last)]);
  if (u_mode == 1) return of_confidence((float(a_labels.y) / 255.0 - 0.2) / 0.8);
  if (u_mode == 2) return of_height(float(a_source.y) * 0.1 / u_tallest);
  if (u_mode == 3) return vec3(0.12 + 0.83 * a_colour.a);
  if (u_mode == 4) return a_colour.rgb;
  bool known = a_labels.w != 255u && a_labels.w != 0u;
  if (u_mode == 5) return known ? grained(u_palette[min(a_labels.w, last)]) : vec3(0.55);
  if (u_mode == 6) {
    if (!known) return vec3(0.62);
    return a_labels.w == a_class ? vec3(0.25, 0.60, 0.38) : vec3(0.86, 0.17, 0.17);
  }
  return of_number(a_source.x);
}

bool hidden(vec3 relative) {
  if ((u_shown >> min(a_class, uint(${MOST_CLASSES - 1})) & 1u) == 0u) return true;
  if (a_labels.y < u_least) return true;
  if (a_source.y < u_heights.x || a_source.y > u_heights.y) return true;
  if (u_slab.y < 0.0) return false;
  vec2 from = relative.xy - u_section.xy;
  float along = dot(from, u_section.zw);
  float aside = from.y * u_section.z - from.x * u_section.w;
  return along < 0.0 || along > u_slab.x || abs(aside) > u_slab.y;
}

void main() {
  vec3 relative = u_low + a_position * u_size;
  gl_Position = u_matrix * vec4(relative, 1.0);
  if (hidden(relative)) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 1.0;
    return;
  }
  float metre = u_pixels.y > 0.0 ? u_pixels.y : u_pixels.x / gl_Position.w;
  float size = clamp(u_points.y * metre, u_points.x, 4.0 * u_points.x);
  v_colour = colour();
  if (a_selected != 0u) {
    v_colour = mix(v_colour, vec3(0.0, 0.85, 1.0), 0.8);
    size += 1.0;
    gl_Position.z -= 0.0001 * gl_Position.w;
  }
  v_size = size;
  gl_PointSize = size;
}`;

export const POINTS_FRAGMENT = `#version 300 es
precision mediump float;
in vec3 v_colour;
in float v_size;
out vec4 colour;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  if (v_size > 3.0 && dot(off, off) > 0.25) discard;
  colour = vec4(v_colour, 1.0);
}`;

export const SHADE_VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

/**
 * Eye-dome lighting (Boucheny 2009): a pixel is darker the more its neighbours stand in front of it. Depths are
 * compared in the size of a pixel, so that the picture is the same at every zoom.
 */
export const SHADE_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D u_colour, u_depth;
uniform vec3 u_background;
uniform vec4 u_lens;      // near, far, size of a pixel at depth 1; for a flat view: 0, whole depth, size of a pixel
uniform float u_strength, u_radius;
out vec4 colour;

float metres(float depth) {
  if (u_lens.w > 0.5) return depth * u_lens.y;
  float z = 2.0 * depth - 1.0;
  return 2.0 * u_lens.x * u_lens.y / (u_lens.y + u_lens.x - z * (u_lens.y - u_lens.x));
}

void main() {
  ivec2 here = ivec2(gl_FragCoord.xy);
  ivec2 last = textureSize(u_depth, 0) - 1;
  float depth = texelFetch(u_depth, here, 0).r;
  if (depth >= 1.0) {
    colour = vec4(u_background, 1.0);
    return;
  }
  float mine = metres(depth);
  float pixel = u_lens.w > 0.5 ? u_lens.z : u_lens.z * mine;
  float sum = 0.0;
  for (int k = 0; k < 8; k++) {
    float angle = float(k) * 0.78539816;
    ivec2 there = clamp(here + ivec2(round(u_radius * vec2(cos(angle), sin(angle)))), ivec2(0), last);
    float theirs = texelFetch(u_depth, there, 0).r;
    if (theirs >= 1.0) continue;
    float behind = max(mine - metres(theirs), 0.0) / pixel;
    sum += behind / (behind + 8.0);
  }
  float shade = exp(-u_strength * sum / 8.0);
  colour = vec4(texelFetch(u_colour, here, 0).rgb * shade, 1.0);
}`;
