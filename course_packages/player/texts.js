/* What stands in the text and needs a hand: tabs, terms of the glossary, captions, links, wide tables. */
let lastId = 0;

/* Sections become tabs: arrows move between them, Home and End to the first and last. */
function setUpTabs(element) {
  const panels = Array.from(element.children);
  const list = make("div", { role: "tablist" });
  const tabs = panels.map((panel, at) => {
    const id = "tab-" + (lastId += 1);
    const heading = panel.firstElementChild;
    const tab = clickable({ role: "tab", id, "aria-controls": id + "-panel" }, () => choose(at), ...heading.childNodes);
    heading.remove();
    set(panel, "role", "tabpanel");
    set(panel, "aria-labelledby", id);
    panel.id = id + "-panel";
    panel.tabIndex = 0;
    list.append(tab);
    return tab;
  });
  const choose = (chosen) => tabs.forEach((tab, at) => {
    set(tab, "aria-selected", at === chosen);
    tab.tabIndex = at === chosen ? 0 : -1;
    panels[at].hidden = at !== chosen;
  });
  on(list, "keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const chosen = (to + tabs.length) % tabs.length;
      choose(chosen);
      tabs[chosen].focus();
    }
  });
  element.prepend(list);
  choose(0);
}

/* A term is a button that shows its definition at the end of its paragraph, so that no sentence is cut in two. */
function setUpTerm(link, content) {
  const definition = one(content, '[data-term="' + link.hash.slice("#term-".length) + '"]');
  const shown = make("span", { class: "definition", role: "status" });
  const term = clickable({ class: "term", "aria-expanded": false }, () => {
    const open = !shown.hasChildNodes();
    set(term, "aria-expanded", open);
    fill(shown, ...(open ? definition.cloneNode(true).childNodes : []));
  }, ...link.childNodes);
  link.closest("p, li, td, div").append(shown);
  link.replaceWith(term);
}

/* Where a caption file may not be loaded, as in a page from a folder, the captions come with the lesson. */
function setUpCaptions(file) {
  on(file, "error", () => {
    const media = file.parentNode;
    const track = media.addTextTrack("captions", file.label, file.srclang);
    JSON.parse(media.dataset.cues).forEach((cue) => track.addCue(new VTTCue(...cue)));
    track.mode = "showing";
    file.remove();
  });
}

function setUpTexts(content) {
  all(content, ".tabs").forEach(setUpTabs);
  all(content, "a.term").forEach((link) => setUpTerm(link, content));
  all(content, "track").forEach(setUpCaptions);
  all(content, "a.external").forEach((link) => link.append(unseen(words.new_window)));
}

/* Tables wider than the page scroll inside themselves; the keyboard must reach them to do so. */
function makeTablesReachable() {
  all(page, ".table").forEach((table) => {
    const caption = one(table, "caption");
    const name = (caption ? caption.textContent + ". " : "") + words.table;
    const wide = table.scrollWidth > table.clientWidth + 1;
    [["tabindex", 0], ["role", "region"], ["aria-label", name]].forEach((pair) =>
      (wide ? set(table, ...pair) : table.removeAttribute(pair[0])));
  });
}

/* What is open of a lesson, to be opened again in another language: details, tabs. */
const openParts = () => all(page, "details, [role=tab]").map((each) => each.open || each.ariaSelected === "true");
const openAgain = (open) => all(page, "details, [role=tab]").forEach((each, at) => {
  if (each.role !== "tab") {
    each.open = open[at];
  } else if (open[at]) {
    each.click();
  }
});
