/* How the player looks: size of the text, light or dark. Remembered by the browser, not by the platform. */
function setUpLook() {
  const KEY = "lms-sync-look";
  const panel = one(document, ".look");
  let look = {};
  try {
    look = JSON.parse(localStorage[KEY]);
  } catch (error) {
    // nothing chosen yet, or a browser that keeps nothing
  }
  const draw = () => all(panel, "input").forEach((input) => {
    const chosen = look[input.name] || "";
    root.dataset[input.name] = chosen;
    input.checked = input.value === chosen;
  });
  draw();
  on(panel, "change", (event) => {
    look[event.target.name] = event.target.value;
    draw();
    try {
      localStorage[KEY] = JSON.stringify(look);
    } catch (error) {
      // it holds until the page is closed
    }
  });
  on(document, "click", (event) => {
    panel.open = panel.open && panel.contains(event.target);
  });
  on(panel, "keydown", (event) => {
    if (event.key === "Escape") {
      panel.open = false;
      one(panel, "summary").focus();
    }
  });
}
