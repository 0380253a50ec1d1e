/* The preview around a course: the course plays in a frame, a strict SCORM 1.2 run-time stands here where a learning
 * platform's stands, and the server tells when a file was saved (server-sent events).
 *
 * A saved file is shown by leaving the course and coming back to it, as a learner does: the record of the learner is
 * kept, and the page returns to the place where it was. The new frame is drawn behind the old one and takes its place
 * when it is ready, so that nothing flickers. */
(function () {
  "use strict";

  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(byId("words").textContent);
  const say = (key, values) => words[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const MOST_ROWS = 500;
  const KEY = "lms-sync-preview:" + location.pathname;

  let state = { number: -1, build: 0, broken: false, problems: [], changed: [], languages: [] };
  let learner = null; // what the platform keeps of the learner between two sessions
  let api = null;
  let frame = null; // the one that is shown
  let coming = null; // the one that takes its place when it is ready
  let sessions = 0;
  let begun = 0;
  let errors = 0;
  let drawing = 0;

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    Object.keys(attributes).forEach((name) => element.setAttribute(name, attributes[name]));
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  }

  /* --- the learner's record ---------------------------------------------------------------------- */

  function kept(name) {
    try {
      return JSON.parse(sessionStorage.getItem(KEY + name));
    } catch (error) {
      return null;
    }
  }

  function keep(name, value) {
    try {
      sessionStorage.setItem(KEY + name, JSON.stringify(value));
    } catch (error) {
      // it is known until the page is closed
    }
  }

  function remember(record) {
    learner = record;
    keep("learner", record);
  }

  /* --- sessions of the learner ------------------------------------------------------------------- */

  const viewOf = (one) => (one && one.contentDocument && one.contentDocument.getElementById("page") ? one.contentWindow : null);

  /* The learner leaves: what a browser tells a page that goes away. */
  function leave() {
    const view = viewOf(frame);
    if (view) {
      view.dispatchEvent(new PageTransitionEvent("pagehide"));
    }
  }

  /* The learner comes (again). `place` is where the page shall stand; without it the player decides. */
  function come(why, place) {
    if (coming) {
      coming.remove();
    }
    sessions += 1;
    begun = Date.now();
    logSession(why);
    const platform = createScorm12Api(learner ? nextScorm12Session(learner) : {}, {}, (entry) => heard(platform, entry));
    window.API = api = platform;
    const one = (coming = make("iframe", { title: words.course, class: "coming", src: "course/" + state.build + "/index.html" }));
    const saved = state.saved;
    byId("device").append(one);
    // Not at its load event: that waits for pictures and for the next lesson.
    const looking = setInterval(() => {
      if (one !== coming) {
        clearInterval(looking); // another has been sent after it
      } else if (isThere(one)) {
        clearInterval(looking);
        arrived(one, place, why === "saved" ? saved : 0);
      }
    }, 5);
  }

  /* Whether the first page of the course stands in the frame. */
  function isThere(one) {
    const view = viewOf(one);
    return view && view.document.querySelector("#page > :is(.blocks, .standing, [role=alert])");
  }

  function arrived(one, place, saved) {
    const focused = document.activeElement;
    if (place) {
      goTo(one.contentWindow, place);
    }
    if (frame) {
      frame.remove();
    }
    one.className = "";
    coming = null;
    frame = one;
    frame.id = "sco";
    if (focused && focused.tagName !== "IFRAME" && focused !== document.body && document.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
    followLesson();
    drawSoon();
    const took = Math.max(0, Math.round(Date.now() - saved));
    if (saved) {
      document.body.dataset.shown = JSON.stringify({ build: state.build, at: Date.now(), took });
      tellNews(took);
    }
  }

  /* Where the page stands: the part at its upper edge, and how much of it is above. */
  function placeOf(view) {
    const parts = partsOf(view);
    const at = parts.findIndex((part) => part.getBoundingClientRect().bottom > 0);
    const open = detailsOf(view).map((one) => one.open);
    const lesson = shownLesson();
    if (view.scrollY === 0 || at < 0) {
      return { lesson, y: view.scrollY, open };
    }
    return { lesson, y: view.scrollY, open, at, text: parts[at].textContent, top: parts[at].getBoundingClientRect().top };
  }

  const partsOf = (view) => Array.from(view.document.querySelectorAll("#page .blocks > :not([data-text-language])"));
  const detailsOf = (view) => Array.from(view.document.querySelectorAll("#page details"));

  function goTo(view, place) {
    if (lessonIn(view) !== place.lesson) {
      return;
    }
    const details = detailsOf(view);
    if (details.length === place.open.length) {
      details.forEach((one, at) => (one.open = place.open[at]));
    }
    view.scrollTo(0, place.y);
    if (place.at === undefined) {
      return;
    }
    const parts = partsOf(view);
    // The same part where it is still there, however much was written above it; else the one in its place.
    const same = parts.filter((part) => part.textContent === place.text)
      .sort((one, other) => Math.abs(parts.indexOf(one) - place.at) - Math.abs(parts.indexOf(other) - place.at))[0];
    const part = same || parts[Math.min(place.at, parts.length - 1)];
    if (part) {
      view.scrollBy(0, part.getBoundingClientRect().top - place.top);
    }
  }

  /* --- what the course shows --------------------------------------------------------------------- */

  function lessonIn(view) {
    const course = JSON.parse(view.document.getElementById("course-data").textContent);
    const language = view.document.documentElement.lang;
    const entries = Array.from(view.document.querySelectorAll("#lesson-list > li > button"));
    const at = entries.findIndex((entry) => entry.getAttribute("aria-current") === "page");
    const lessons = course.lessons.filter((lesson) => language in lesson.titles);
    return at >= 0 && at < lessons.length ? lessons[at].id : "";
  }

  const shownLesson = () => (viewOf(frame) ? lessonIn(viewOf(frame)) : "");
  const shownLanguage = () => (viewOf(frame) ? viewOf(frame).document.documentElement.lang : "");

  /* The lists beside the course follow the learner from lesson to lesson and from language to language. */
  function followLesson() {
    const view = viewOf(frame);
    drawLanguages();
    drawProblems();
    if (view) {
      let before = shownLesson() + " " + shownLanguage();
      new MutationObserver(() => {
        const now = shownLesson() + " " + shownLanguage();
        if (now !== before) {
          before = now;
          drawLanguages();
          drawProblems();
        }
      }).observe(view.document.getElementById("page"), { childList: true });
    }
  }

  function speak(language) {
    const view = viewOf(frame);
    const button = view && view.document.querySelector('[data-language="' + CSS.escape(language) + '"]');
    if (button) {
      button.click();
    }
  }

  function open(lesson, language) {
    const view = viewOf(frame);
    if (!view) {
      return;
    }
    const course = JSON.parse(view.document.getElementById("course-data").textContent);
    const choose = () => {
      const lessons = course.lessons.filter((one) => shownLanguage() in one.titles).map((one) => one.id);
      const entries = view.document.querySelectorAll("#lesson-list > li > button");
      if (entries[lessons.indexOf(lesson)] && shownLesson() !== lesson) {
        entries[lessons.indexOf(lesson)].click();
      }
    };
    if (language && language !== shownLanguage()) {
      const page = view.document.getElementById("page");
      const watching = new MutationObserver(() => {
        watching.disconnect();
        choose();
      });
      watching.observe(page, { childList: true });
      speak(language);
    } else {
      choose();
    }
  }

  /* --- what is drawn ----------------------------------------------------------------------------- */

  function showTitle(title, language) {
    byId("course-title").textContent = title;
    byId("course-title").lang = language;
    document.title = words.title + (title ? ": " + title : "");
  }

  function drawLanguages() {
    const view = viewOf(frame);
    if (view) {
      showTitle(view.document.getElementById("course-title").textContent, shownLanguage());
    }
    const group = byId("languages");
    group.hidden = state.languages.length < 2;
    group.replaceChildren(...state.languages.map(({ code, name }) => {
      const button = make("button", { type: "button", lang: code, "aria-pressed": code === shownLanguage() }, name);
      button.addEventListener("click", () => speak(code));
      return button;
    }));
  }

  function drawProblems() {
    const lesson = shownLesson();
    const isHere = (one) => lesson && one.lesson === lesson;
    const inOrder = (list) => list.filter((one) => one.severity === "error").concat(list.filter((one) => one.severity !== "error"));
    const here = inOrder(state.problems.filter(isHere));
    const elsewhere = inOrder(state.problems.filter((one) => !isHere(one)));
    const list = (head, problems) => (problems.length ? [here.length && elsewhere.length ? make("h3", {}, head) : "",
      make("ul", {}, ...problems.map(problemItem))] : []);
    const parts = list(words.here, here).concat(list(words.elsewhere, elsewhere)).filter((part) => part !== "");
    byId("problems").replaceChildren(...(parts.length ? parts : [make("p", { class: "quiet" }, words.none)]));
    const count = byId("problem-count");
    count.textContent = state.problems.length;
    count.className = "count " + (state.problems.some((one) => one.severity === "error") ? "bad" : state.problems.length ? "warn" : "good");
  }

  function problemItem(problem) {
    const item = make("li", { class: problem.severity, "data-code": problem.code },
      make("p", { class: "place" }, make("span", { class: "kind" }, words[problem.severity]), " ",
        problem.place ? make("code", {}, problem.place) : ""),
      make("p", { class: "what" }, problem.what),
      problem.line ? make("pre", {}, problem.line) : "",
      problem.remedy ? make("p", { class: "remedy" }, problem.remedy) : "");
    if (problem.lesson && (problem.lesson !== shownLesson() || problem.language !== shownLanguage()) && frame) {
      const show = make("button", { type: "button", class: "link" }, words.show);
      show.addEventListener("click", () => open(problem.lesson, problem.language));
      item.append(show);
    }
    return item;
  }

  function tellNews(took) {
    const names = state.changed.slice(0, 3).join(", ") + (state.changed.length > 3 ? " …" : "");
    const news = byId("news");
    news.replaceChildren(say("shown", { ms: took, files: names }));
    const found = /lessons\/([^/]+)\/lesson\.([A-Za-z-]+)\.md$/.exec(state.changed[0] || "");
    if (found && (found[1] !== shownLesson() || found[2] !== shownLanguage())) {
      const show = make("button", { type: "button", class: "link" }, words.show);
      show.addEventListener("click", () => open(found[1], found[2]));
      news.append(" ", show);
    }
  }

  /* The tiles: a burst of calls is drawn once. */
  function drawSoon() {
    if (!drawing) {
      drawing = requestAnimationFrame(() => {
        drawing = 0;
        drawTiles();
      });
    }
  }

  function drawTiles() {
    const values = api ? api.values : {};
    const status = values["cmi.core.lesson_status"] || "";
    byId("status").textContent = words["status-" + status.replace(" ", "-")] || status || "–";
    byId("status").className = status;
    byId("score").textContent = values["cmi.core.score.raw"] ? values["cmi.core.score.raw"] + " %" : "–";
    const length = (values["cmi.suspend_data"] || "").length;
    byId("state").textContent = say("of-limit", { n: length });
    byId("state-meter").value = length;
    drawTime();
  }

  function drawTime() {
    const [hours, minutes, seconds] = ((api && api.values["cmi.core.total_time"]) || "0:0:0").split(":").map(Number);
    const whole = Math.floor(hours * 3600 + minutes * 60 + seconds + (api ? (Date.now() - begun) / 1000 : 0));
    const two = (number) => String(number).padStart(2, "0");
    const long = whole >= 3600 ? Math.floor(whole / 3600) + ":" + two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60);
    byId("time").textContent = long + ":" + two(whole % 60);
  }

  /* --- the platform's log ------------------------------------------------------------------------ */

  function heard(platform, entry) {
    const said = entry.args.map((argument) => (typeof argument === "string" ? argument : String(argument)));
    const failed = entry.error !== "0";
    errors += failed ? 1 : 0;
    const row = make("tr", { class: failed ? "failed" : "" },
      make("td", {}, make("code", { class: "name" }, entry.call), make("code", { class: "arguments" }, said.join(" = "))),
      make("td", {}, make("code", {}, entry.answer)),
      make("td", {}, failed ? make("span", {}, entry.error + " " + platform.LMSGetErrorString(entry.error)) : make("span", { class: "quiet" }, "0")));
    addRow(row);
    if (/^LMS(Commit|Finish)$/.test(entry.call) && entry.answer === "true") {
      remember(platform.committed);
    }
    const count = byId("error-count");
    count.textContent = errors;
    count.className = "count " + (errors ? "bad" : "good");
    drawSoon();
  }

  function logSession(why) {
    addRow(make("tr", { class: "session" }, make("th", { colspan: "3", scope: "rowgroup" },
      say("session", { n: sessions }) + " · " + words["why-" + why])));
  }

  /* The newest stands first. */
  function addRow(row) {
    const rows = byId("calls");
    rows.prepend(row);
    while (rows.children.length > MOST_ROWS) {
      rows.lastChild.remove();
    }
  }

  /* --- news from the server ---------------------------------------------------------------------- */

  function told(next) {
    const before = state;
    state = next;
    if (!frame) {
      showTitle(state.title, state.titleLanguage);
    }
    byId("never").hidden = state.build > 0;
    const broken = byId("broken");
    broken.hidden = !state.broken || state.build === 0;
    broken.textContent = broken.hidden ? "" : words.broken;
    if (state.broken) {
      byId("news").textContent = "";
    }
    if (state.build > 0 && state.build !== before.build) {
      const view = viewOf(frame);
      if (view) {
        const place = placeOf(view);
        leave();
        come("saved", place);
      } else {
        come("begun", null);
      }
    } else {
      drawProblems();
    }
    document.body.dataset.number = state.number;
  }

  function listen() {
    const news = new EventSource("events");
    news.addEventListener("message", (event) => told(JSON.parse(event.data)));
    news.addEventListener("open", () => {
      if (document.body.classList.contains("ended")) {
        document.body.classList.remove("ended");
        byId("news").textContent = "";
      }
    });
    news.addEventListener("error", () => {
      document.body.classList.add("ended");
      byId("news").textContent = words.ended;
    });
  }

  /* --- what can be pressed ----------------------------------------------------------------------- */

  function setWidth(width) {
    document.body.dataset.width = width;
    document.querySelectorAll("button[data-width]").forEach((button) =>
      button.setAttribute("aria-pressed", button.dataset.width === width));
    keep("width", width);
  }

  document.querySelectorAll("button[data-width]").forEach((button) =>
    button.addEventListener("click", () => setWidth(button.dataset.width)));
  byId("leave").addEventListener("click", () => {
    leave();
    come("back", null);
    byId("news").textContent = words.left;
  });
  byId("forget").addEventListener("click", () => {
    leave();
    remember(null);
    come("forgot", null);
    byId("news").textContent = words.forgot;
  });
  byId("only-errors").addEventListener("change", (event) =>
    byId("calls").classList.toggle("only-errors", event.target.checked));
  learner = kept("learner");
  setWidth(kept("width") || "full");
  setInterval(drawTime, 1000);
  listen();
})();
