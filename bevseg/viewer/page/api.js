/** What the page asks: a server, or the data that lies in the page itself (view.html). Both have the same functions. */

class Server {
  constructor() {
    this.token = new URLSearchParams(location.search).get("token") ?? "";
  }

  async ask(path, init = {}) {
    const answer = await fetch(path, { ...init, headers: { ...init.headers, "X-Bevseg-Token": this.token } });
    if (!answer.ok) throw new Error(await reason(answer));
    return answer;
  }

  async json(path) {
    return (await this.ask(path)).json();
  }

  async bytes(path) {
    return new Uint8Array(await (await this.ask(path)).arrayBuffer());
  }

  async post(path, body) {
    const headers = { "Content-Type": "application/json" };
    return (await this.ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
  }

  scene() {
    return this.json("/scene.json");
  }

  tile(id, from, to) {
    return this.bytes(`/tile/${id}?from=${from}&to=${to}`);
  }

  classes(id, from, to) {
    return this.bytes(`/classes?tile=${id}&from=${from}&to=${to}`);
  }

  places() {
    return this.json("/places.json");
  }

  edits() {
    return this.json("/edits.json");
  }

  point(cloud, index) {
    return this.json(`/point?cloud=${encodeURIComponent(cloud)}&index=${index}`);
  }

  /** A byte for each of some records of a tile: whether the selection holds it. */
  selected(selection, id, from, to) {
    return this.bytes(`/selected?selection=${selection}&tile=${id}&from=${from}&to=${to}`);
  }

  select(query) {
    return this.post("/select", query);
  }

  edit(change) {
    return this.post("/edit", change);
  }

  undo() {
    return this.post("/undo", {});
  }

  redo() {
    return this.post("/redo", {});
  }
}

async function reason(answer) {
  const text = await answer.text();
  try {
    const { error, why, hint } = JSON.parse(text);
    return [why ? `${error}: ${why}` : error, hint].filter(Boolean).join("; ");
  } catch {
    return text.slice(0, 200) || `The server answered ${answer.status}`;
  }
}

/** The numbers below `count` in random order, always the same: any first part of a tile is then a sample of it. */
function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, k) => k);
  let state = 1;
  for (let k = count - 1; k > 0; k--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}

/** Bytes of a text in base64, unpacked. */
async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Inside {
  constructor(data) {
    this.data = data;
  }

  async scene() {
    const { scene, points } = this.data;
    this.columns = await unpack(points);
    this.starts = [];
    this.total = 0;
    for (const tile of scene.tiles) {
      this.starts.push(this.total);
      this.total += tile.points;
    }
    return scene;
  }

  /** The columns lie one after the other, each of all points, byte by byte; here they become records again. */
  async tile(id, from, to) {
    const size = this.data.scene.record.size;
    const records = new Uint8Array((to - from) * size);
    const order = shuffled(this.data.scene.tiles[id].points).subarray(from, to);
    for (let byte = 0; byte < size; byte++) {
      const column = byte * this.total + this.starts[id];
      for (let k = 0; k < order.length; k++) records[k * size + byte] = this.columns[column + order[k]];
    }
    return records;
  }

  async places() {
    return this.data.places;
  }

  async edits() {
    return [];
  }

  /** What the record itself says: the files are not at hand. */
  async point(cloud, index, drawn) {
    return { cloud, index, ...drawn };
  }
}

export function connect() {
  const data = document.getElementById("data");
  return data ? new Inside(JSON.parse(data.textContent)) : new Server();
}
