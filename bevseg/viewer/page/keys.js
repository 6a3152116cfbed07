/** The keyboard: what each key does, and the table of keys that `?` shows. */

export const MOUSE = [
  ["Left", "turn; from above and in a section move"],
  ["Right, Shift+Left", "move"],
  ["Wheel", "zoom to the cursor"],
  ["Click", "facts of a point"],
  ["Double click", "turn around this point"],
];

/** Groups of [key as it is shown, what it does, test of the event, action]. */
export function keys(app, page) {
  const plain = (letter) => (event) => !event.ctrlKey && !event.metaKey && !event.altKey && event.key.toLowerCase() === letter;
  const control = (letter) => (event) => (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === letter;
  const digit = (event) => (event.code.startsWith("Digit") && !event.ctrlKey && !event.altKey && !event.metaKey ? Number(event.code[5]) : null);
  const tool = (name) => () => (app.scene.editable || ["look", "measure", "section"].includes(name)) && app.setTool(name);
  const size = (step) => () => page.resizePoints(step);
  return [
    ["View", [
      ["O", "orbit", plain("o"), () => app.setView("orbit")],
      ["T", "from above, north up", plain("t"), () => app.setView("top")],
      ["X", "section along a drawn line", plain("x"), tool("section")],
      ["F", "fit; with Shift all clouds", plain("f"), (event) => app.fit(event.shiftKey)],
      ["G", "go to coordinates", plain("g"), () => page.askWhere()],
      ["D", "light or dark", plain("d"), () => page.switchTheme()],
      ["Arrows", "move", (event) => event.key.startsWith("Arrow") && !event.altKey, (event) => page.nudge(event.key)],
    ]],
    ["Points", [
      ["1 ... 9", "colour: class, confidence, height ...", (event) => !event.shiftKey && digit(event) > 0, (event) => app.setMode(app.scene.modes[digit(event) - 1])],
      ["+  -", "larger or smaller points", (event) => !event.ctrlKey && (event.key === "+" || event.key === "="), size(0.5)],
      ["", "", (event) => !event.ctrlKey && event.key === "-", size(-0.5)],
      ["N", "next doubtful place", plain("n"), () => app.goToPlace(1)],
      ["P", "the place before", plain("p"), () => app.goToPlace(-1)],
      ["S", "select the piece in doubt there", plain("s"), () => app.choosePlace()],
    ]],
    ["Tools", [
      ["V", "look", plain("v"), tool("look")],
      ["M", "measure", plain("m"), tool("measure")],
      ["R", "rectangle", plain("r"), tool("rectangle")],
      ["L", "lasso", plain("l"), tool("lasso")],
      ["B", "brush", plain("b"), tool("brush")],
      ["[  ]", "smaller or larger brush", (event) => event.key === "[", () => page.resizeBrush(0.8)],
      ["", "", (event) => event.key === "]", () => page.resizeBrush(1.25)],
      ["K", "connected piece", plain("k"), tool("piece")],
      ["Esc", "one step back", (event) => event.key === "Escape", () => app.stepBack()],
    ]],
    ["Correct", [
      ["Shift+1 ...", "class of the selection", (event) => event.shiftKey && digit(event) > 0, (event) => page.applyClass(digit(event))],
      ["Shift+0", "undefined", (event) => event.shiftKey && digit(event) === 0, () => page.applyClass(0)],
      ["Enter", "confirm as right", (event) => event.key === "Enter", () => app.apply(null)],
      ["Ctrl+Z", "undo", (event) => control("z")(event) && !event.shiftKey, () => app.undo()],
      ["Ctrl+Y", "redo", (event) => control("y")(event) || (control("z")(event) && event.shiftKey), () => app.redo()],
    ]],
    ["Help", [["?", "this table", (event) => event.key === "?", () => page.showHelp()]]],
  ];
}

/** Listen to the keyboard, but not while a person types or a dialog is open. */
export function listenToKeys(groups) {
  const all = groups.flatMap(([, group]) => group);
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const target = event.target;
    const types = target.matches?.("input:not([type=checkbox]):not([type=range]), textarea, select");
    if (types && event.key !== "Escape") return;
    // Keys that a focused control needs for itself.
    if (target.matches?.("button, input") && (event.key === "Enter" || event.key === " ")) return;
    if (target.matches?.("input[type=range]") && event.key.startsWith("Arrow")) return;
    const found = all.find(([, , fits]) => fits(event));
    if (!found) return;
    event.preventDefault();
    if (types) target.blur();
    found[3](event);
  });
}
