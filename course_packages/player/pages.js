/* The pages that are not lessons, and the ways to all of them: contents, result, search. */
const lessonOf = (id) => course.lessons.find((lesson) => lesson.id === id);
const unanswered = (lesson) => lesson.kept.filter((kept) => kept.asks && !state.answered(kept)).length;
const titleOf = (id) =>
  ({ [RESULT]: words.result, [GLOSSARY]: words.glossary }[id] || lessonOf(id).titles[state.language]);

/* The page before or after one: the lessons that there are in this language, then the result. */
function neighbour(id, step) {
  const order = state.lessons.map((lesson) => lesson.id).concat(RESULT);
  return order[order.indexOf(id) + step];
}

const head = (eyebrow, title) => make("header", { class: "page-head" },
  make("p", { class: "eyebrow" }, eyebrow),
  make("h1", { tabindex: -1 }, title));

function lessonHead(id) {
  const minutes = lessonOf(id).minutes;
  const at = state.lessons.indexOf(lessonOf(id));
  const where = say("lesson_of", { number: at + 1, all: state.lessons.length });
  return head(where + (minutes ? " · " + say("minutes", { n: minutes }) : ""), titleOf(id));
}

/* --- the result --------------------------------------------------------------------------------- */

function resultPage() {
  const standing = state.standing();
  const key = standing.status === "incomplete" ? "open" : standing.status;
  const facts = make("dl", { class: "facts" });
  const fact = (label, value, more) => facts.append(make("div", {}, make("dt", {}, label), make("dd", {}, value,
    more ? make("span", { class: "details" }, more) : null)));
  const of = (done, every) => say("of", { done, all: every });
  fact(words.result_lessons, of(standing.opened, standing.lessons));
  const questions = keptOf(state.lessons).filter((kept) => kept.asks);
  const answered = questions.filter((kept) => state.answered(kept));
  const isRight = (kept) => state.of(kept).right;
  if (questions.length) {
    fact(words.result_checks, of(answered.length, questions.length));
    fact(words.result_right, of(answered.filter(isRight).length, questions.length));
  }
  if (course.passing !== null && standing.score !== null) {
    fact(words.result_score, say("percent", { n: standing.score }),
      words.result_needed + ": " + say("percent", { n: course.passing }));
  }
  const isOpen = (lesson) => state.opened.has(lesson.id);
  const isWrong = (kept) => answered.includes(kept) && !isRight(kept);
  return [
    head(course.titles[state.language], words.result),
    make("div", { class: "standing " + standing.status },
      make("p", { class: "standing-word" }, words["status_" + key]),
      make("p", {}, words["status_" + (isPreview() ? "preview" : key) + "_text"])),
    facts,
    lessonLinks(words.left_lessons, (lesson) => !isOpen(lesson)),
    lessonLinks(words.left_checks, (lesson) => isOpen(lesson) && unanswered(lesson)),
    lessonLinks(words.left_wrong, (lesson) => lesson.kept.some(isWrong))
  ];
}

function lessonLinks(heading, wanted) {
  const lessons = state.lessons.filter(wanted);
  return lessons.length ? make("section", {}, make("h2", {}, heading), make("ul", { class: "lesson-links" },
    ...lessons.map((lesson) => make("li", {}, button(titleOf(lesson.id), "link", () => show(lesson.id, true)))))) : null;
}

/* --- contents and the way on -------------------------------------------------------------------- */

function drawContents() {
  fill(byId("lesson-list"), ...state.lessons.map(entryOf),
    course.glossary ? entry(GLOSSARY, "words", "") : null, entry(RESULT, "result", ""));
  const { opened, lessons } = state.standing();
  fill(byId("progress-text"), say("progress", { done: opened, all: lessons }));
  Object.assign(byId("progress-bar"), { max: lessons, value: opened });
}

function entryOf(lesson, at) {
  const opened = state.opened.has(lesson.id);
  const left = opened && unanswered(lesson);
  const details = [
    !opened && lesson.minutes && say("minutes", { n: lesson.minutes }),
    !opened && lesson.sizes && lesson.sizes[state.language],
    left && say("questions_left", { n: left })
  ].filter(Boolean).join(" · ");
  return entry(lesson.id, opened ? (left ? "begun" : "done") : "", at + 1, unseen(opened ? words.opened : words.not_opened),
    details ? make("span", { class: "details" }, details) : null);
}

function entry(id, mark, number, ...more) {
  return make("li", { class: mark || null },
    clickable({ "aria-current": here === id ? "page" : null }, () => show(id, true),
      make("span", { class: "number", "aria-hidden": true }, number),
      make("span", { class: "name" }, titleOf(id), ...more)));
}

function drawTurn() {
  const way = (id, key, kind) => (id === undefined ? null : clickable({ class: kind }, () => show(id, true),
    make("span", { class: "way" }, words[key]), make("span", { class: "where" }, titleOf(id))));
  fill(byId("turn"), way(here === GLOSSARY ? state.lesson : neighbour(here, -1), "previous", "back"),
    way(here === GLOSSARY ? undefined : neighbour(here, 1), "next", "on"));
}

function openContents(open) {
  set(byId("contents-toggle"), "aria-expanded", open);
  byId("contents").classList.toggle("open", open);
}

function setUpContents() {
  const toggle = byId("contents-toggle");
  const isOpen = () => toggle.getAttribute("aria-expanded") === "true";
  on(toggle, "click", () => openContents(!isOpen()));
  on(document, "keydown", (event) => {
    if (event.key === "Escape" && isOpen()) {
      openContents(false);
      toggle.focus();
    }
  });
  on(byId("search"), "submit", (event) => {
    event.preventDefault();
    search(folded(byId("search-words").value).split(/\s+/).filter(Boolean));
  });
}

/* --- search ------------------------------------------------------------------------------------- */

/* Looks through the lessons of this language one by one; what is not there yet is loaded for it. */
function search(wanted) {
  const language = state.language;
  const ids = state.lessons.map((lesson) => lesson.id).concat(course.glossary ? GLOSSARY : []);
  const list = fill(byId("found-list"));
  const tell = (text) => fill(byId("found"), text);
  tell(wanted.length ? words.searching : "");
  const next = () => load(ids[0], language, (html) => {
    if (language !== state.language) {
      return;
    }
    const id = ids.shift();
    const text = titleOf(id) + ". " + readable(pieceOf(html || "")).replace(/\s+/g, " ");
    if (hasAll(text, wanted)) {
      const from = Math.max(0, folded(text).indexOf(wanted[0]) - 30);
      list.append(make("li", {}, clickable({}, () => arrive(id, wanted),
        make("span", { class: "name" }, titleOf(id)),
        make("span", { class: "details" }, (from ? "…" : "") + text.slice(from, from + 90) + "…"))));
    }
    if (ids.length) {
      next();
    } else {
      tell(list.children.length ? say("search_found", { n: list.children.length }) : words.search_none);
    }
  });
  if (wanted.length) {
    next();
  }
}

const hasAll = (text, wanted) => wanted.every((word) => folded(text).includes(word));

function readable(content) {
  drop(content, TEMPLATES);
  return content.textContent;
}

/* Opens a lesson at the first part that holds all the words, else at its beginning. */
function arrive(id, wanted) {
  show(id, true, () => {
    const part = all(page, ".blocks > *, .glossary > div").find((each) => hasAll(each.textContent, wanted));
    if (part) {
      all(part, "details").forEach((each) => (each.open = true));
      part.classList.add("sought");
      part.tabIndex = -1;
      part.focus();
    }
  });
}
