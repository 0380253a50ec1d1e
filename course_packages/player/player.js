/* Which page is shown, in which language, and what is recorded of it. */
const texts = {}; // lesson and language -> HTML
const arrivals = {}; // what waits for a lesson that is being loaded
let here = null; // the page that is shown; state.lesson is the one to come back to
let shownAt = Date.now();
let saveSoon = 0;
let lastSaveFailed = false;
let statusBefore = "";
let scoreBefore = null;

const session = LmsSync.openSession(showSaveResult);

/* --- loading a lesson's text -------------------------------------------------------------------- */

/* The lessons' files call this. */
LmsSync.lessonArrived = (lesson, language, html) => (texts[lesson + "." + language] = html);

/* Hands the HTML of a lesson to `done`, or nothing where it could not be loaded. */
function load(lesson, language, done) {
  const key = lesson + "." + language;
  if (texts[key] !== undefined) {
    done(texts[key]);
    return;
  }
  if (arrivals[key]) {
    arrivals[key].push(done);
    return;
  }
  arrivals[key] = [done];
  const script = make("script", { src: "lessons/" + key + ".js" });
  ["load", "error"].forEach((name) => on(script, name, () => {
    script.remove();
    const waiting = arrivals[key];
    delete arrivals[key];
    waiting.forEach((each) => each(texts[key]));
  }));
  document.head.append(script);
}

/* --- pages -------------------------------------------------------------------------------------- */

/* Shows a page. `arrived` moves the view and the focus to its heading; `then` is called when it is there. */
function show(id, arrived, then) {
  here = id;
  if (id !== GLOSSARY) {
    state.lesson = id;
  }
  openContents(false);
  if (id === RESULT) {
    shown(resultPage(), arrived);
    save();
    return;
  }
  const language = state.language;
  const late = setTimeout(() => fill(page, make("p", { class: "loading" }, words.loading)), 300);
  load(id, language, (html) => {
    clearTimeout(late);
    if (here !== id || state.language !== language) {
      return; // the learner has moved on meanwhile
    }
    if (html === undefined) {
      shown([head("", titleOf(id)), make("p", { role: "alert" }, words.load_failed),
        button(words.load_again, "button", () => show(id, true))], arrived);
      return;
    }
    if (id === GLOSSARY) {
      shown([head(course.titles[language], words.glossary), pieceOf(html)], arrived);
    } else {
      state.opened.add(id);
      shown(lessonPage(id, html), arrived);
      save();
      if (neighbour(id, 1) !== RESULT) {
        load(neighbour(id, 1), language, () => {});
      }
    }
    if (then) {
      then();
    }
  });
}

function shown(parts, arrived) {
  fill(page, ...parts);
  drawContents();
  drawTurn();
  makeTablesReachable();
  document.title = titleOf(here) + " – " + course.titles[state.language];
  shownAt = Date.now();
  if (arrived) {
    scrollTo(0, 0);
    one(page, "h1").focus({ preventScroll: true });
  }
}

/* What of a lesson is remembered, each with its part of the page. */
function keptParts(id, content) {
  const parts = all(content, "[data-check], [data-kept]");
  return ((lessonOf(id) || {}).kept || []).map((kept) => [kept, parts.find((part) =>
    (part.dataset.check || part.dataset.kept) === (kept.kind === "helpful" ? "" : kept.id))]);
}

function lessonPage(id, html) {
  const content = pieceOf(html);
  setUpTexts(content);
  keptParts(id, content).forEach(([kept, part]) => blocks[kept.kind](part, kept));
  const other = one(content, "[data-text-language]");
  return [lessonHead(id), make("div", { class: "blocks", lang: other && other.dataset.textLanguage }, content)];
}

/* --- languages ---------------------------------------------------------------------------------- */

function speak(language) {
  state.language = language;
  words = course.words[language];
  root.lang = language;
  all(document, "[data-words]").forEach((each) => fill(each, words[each.dataset.words]));
  all(document, "[data-label]").forEach((each) => set(each, "aria-label", words[each.dataset.label]));
  all(document, "[data-language]").forEach((each) => set(each, "aria-pressed", each.dataset.language === language));
  fill(byId("course-title"), course.titles[language]);
  fill(byId("owner"), course.owners[language]);
  fill(byId("colophon"), [say("version", { version: course.version }), course.license, course.contact]
    .filter(Boolean).join(" · "));
  fill(byId("size"), say("size_of_course", { size: course.sizes[language] }));
  byId("search-words").placeholder = words.search;
  search([]);
  drawNotices();
}

/* The other language at the same place: the block at the top of the view, and what was begun there. */
function changeLanguage(language) {
  if (language === state.language) {
    return;
  }
  const parts = () => all(page, ".blocks > :not([data-text-language])");
  const before = parts();
  const at = before.findIndex((part) => part.getBoundingClientRect().bottom > 0);
  const offset = at < 0 ? 0 : before[at].getBoundingClientRect().top;
  const forms = () => keptParts(here, page).filter(([kept, part]) => part && part.dataset.check);
  const numbers = forms().map(([kept, form]) => begun(form, kept));
  const open = openParts();
  speak(language);
  if (lessonOf(here) && !state.lessons.includes(lessonOf(here))) {
    show(state.lessons[0].id, true); // it is hidden in this language
    return;
  }
  show(here, false, () => {
    openAgain(open);
    forms().forEach(([kept, form], index) => beginAgain(form, kept, numbers[index]));
    const part = parts()[at];
    if (part) {
      scrollBy(0, part.getBoundingClientRect().top - offset);
    }
  });
}

/* The learner's choice, else the language of the page around this one, else the course's own. */
function firstLanguage() {
  let around = "";
  try {
    around = parent.document.documentElement.lang.split("-")[0];
  } catch (error) {
    // a page of another site keeps its language to itself
  }
  return [state.language, around].find((language) => language in course.titles) || course.defaultLanguage;
}

/* --- what is recorded --------------------------------------------------------------------------- */

/* An answer: it goes to the platform with what it makes of the learner's standing. */
function record(kept, interaction) {
  session.record(Object.assign(
    { id: kept.id, weighting: kept.graded ? 1 : 0, milliseconds: Date.now() - shownAt }, interaction));
  save();
  drawContents();
}

/* Puts what changed into the queue and sends it once the page has been drawn, or so many milliseconds later. */
function save(later) {
  putState();
  clearTimeout(saveSoon);
  saveSoon = setTimeout(() => session.save(), later || 20);
}

function putState() {
  const standing = state.standing();
  const settled = statusBefore === "passed" || (statusBefore === "completed" && standing.status !== "passed");
  session.put("cmi.suspend_data", state.write());
  session.put("cmi.core.lesson_location", state.lesson);
  const { opened, lessons, answered, graded } = standing;
  session.put("progress", Math.floor((100 * (opened + answered)) / (lessons + graded)) / 100);
  // There is no score before everything is opened and answered: a platform would take a part for the result.
  if (standing.status !== "incomplete" && standing.score !== null && standing.allAnswered) {
    session.put("cmi.core.score.min", 0);
    session.put("cmi.core.score.max", 100);
    session.put("cmi.core.score.raw", Math.max(standing.score, settled ? scoreBefore : 0));
  }
  session.put("cmi.core.lesson_status", settled ? statusBefore : standing.status);
  // Set early, too: a phone may end the page without a word.
  session.put("cmi.core.exit", exitValue());
}

/* "suspend" keeps place and answers for the next time, until there is nothing left to do. */
const exitValue = () =>
  (statusBefore === "passed" || ["passed", "completed"].includes(state.standing().status) ? "" : "suspend");

function showSaveResult(done) {
  if (done === lastSaveFailed) {
    lastSaveFailed = !done;
    drawNotices(done);
  }
}

const isPreview = () => !session.refused && (!session.connected || session.mode === "browse");

function drawNotices(savedAgain) {
  const notice = (kind, ...parts) => make("p", { class: "notice " + kind }, ...parts);
  const standing = session.refused ? "no_connection" : isPreview() ? "preview" : session.mode === "review" ? "review" : "";
  fill(byId("notices"),
    standing ? notice(session.refused ? "bad" : "", words[standing]) : null,
    lastSaveFailed ? notice("bad", words.save_failed + " ", button(words.save_now, "link", () => session.save())) :
      savedAgain ? notice("good", words.saved) : null);
}

function resume() {
  const saved = session.get("cmi.suspend_data");
  if (!saved || !state.read(saved)) {
    const place = session.get("cmi.core.lesson_location");
    state.lesson = place && lessonOf(place) ? place : null;
  }
  if (session.connected) {
    statusBefore = session.get("cmi.core.lesson_status") || "";
    scoreBefore = Number(session.get("cmi.core.score.raw"));
  }
}

function setUpLeaving() {
  on(document, "visibilitychange", () => {
    if (document.visibilityState === "hidden" && session.connected && !session.finished) {
      clearTimeout(saveSoon);
      session.saveWhileHidden();
    }
  });
  on(window, "pagehide", () => {
    if (session.connected) {
      clearTimeout(saveSoon);
      putState();
      session.finish(exitValue());
    }
  });
  // A page that the browser kept and shows again has no session any more.
  on(window, "pageshow", (event) => event.persisted && location.reload());
  on(window, "online", () => session.save());
  new ResizeObserver(makeTablesReachable).observe(page); // another width, another size of text
}

resume();
speak(firstLanguage());
setUpContents();
setUpLook();
setUpLeaving();
all(document, "[data-language]").forEach((each) => on(each, "click", () => changeLanguage(each.dataset.language)));
const lessonIds = state.lessons.map((lesson) => lesson.id);
show(lessonIds.concat(RESULT).includes(state.lesson) ? state.lesson : lessonIds[0], true);
