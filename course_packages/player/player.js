/* The player: contents, lessons, knowledge checks, languages, result. */
(function () {
  "use strict";

  const LmsSync = (window.LmsSync = window.LmsSync || {});
  const course = JSON.parse(document.getElementById("course-data").textContent);
  const RESULT = ""; // the page after the last lesson
  const byId = (id) => document.getElementById(id);
  const page = byId("page");
  const texts = {}; // language -> lesson id -> HTML
  const arrivals = {}; // what waits for a lesson that is being loaded

  const state = new LmsSync.State(course);
  let words = {};
  let shownAt = Date.now();
  let saveSoon = 0;
  let lastSaveFailed = false;
  let statusBefore = "";
  let scoreBefore = null;

  const session = LmsSync.openSession(showSaveResult);

  /* --- small makers of page parts --------------------------------------------------------------- */

  /* An element with attributes and children; a text becomes text, never markup. */
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const name of Object.keys(attributes || {})) {
      if (name === "click") {
        element.addEventListener("click", attributes.click);
      } else if (attributes[name] !== null && attributes[name] !== false) {
        element.setAttribute(name, attributes[name]);
      }
    }
    children.forEach((child) => child !== null && element.append(child));
    return element;
  }

  function fill(element, ...children) {
    element.textContent = "";
    children.forEach((child) => child !== null && element.append(child));
  }

  /* A text with its {names} replaced. */
  function say(key, values) {
    return words[key].replace(/\{(\w+)\}/g, (whole, name) => (values && name in values ? values[name] : whole));
  }

  function button(label, kind, click) {
    return make("button", { type: "button", class: kind, click: click }, label);
  }

  /* --- where the learner is --------------------------------------------------------------------- */

  function lessonAt(id) {
    return course.lessons.findIndex((lesson) => lesson.id === id);
  }

  function titleOf(id) {
    return id === RESULT ? words.result : course.lessons[lessonAt(id)].titles[state.language];
  }

  function neighbour(id, step) {
    const order = course.lessons.map((lesson) => lesson.id).concat(RESULT);
    return order[order.indexOf(id) + step];
  }

  function unanswered(lesson) {
    return lesson.checks.filter((check) => !state.answers.has(check.id)).length;
  }

  /* --- loading a lesson's text ------------------------------------------------------------------ */

  /* The lessons' files call this. */
  LmsSync.lessonArrived = function (lesson, language, html) {
    texts[language] = texts[language] || {};
    texts[language][lesson] = html;
  };

  function load(lesson, language, done) {
    const key = lesson + "." + language;
    if (texts[language] && texts[language][lesson] !== undefined) {
      done(true);
      return;
    }
    if (arrivals[key]) {
      arrivals[key].push(done);
      return;
    }
    arrivals[key] = [done];
    const finish = (arrived) => {
      const waiting = arrivals[key];
      delete arrivals[key];
      waiting.forEach((each) => each(arrived));
    };
    const script = make("script", { src: "lessons/" + lesson + "." + language + ".js" });
    script.addEventListener("load", () => finish(Boolean(texts[language] && texts[language][lesson] !== undefined)));
    script.addEventListener("error", () => {
      script.remove();
      finish(false);
    });
    document.head.append(script);
  }

  /* --- pages ------------------------------------------------------------------------------------ */

  /* Shows a lesson or the result. `arrive` moves the view and the focus to its heading. */
  function show(id, arrive) {
    state.lesson = id;
    closeContents(false);
    if (id === RESULT) {
      shown(resultPage(), arrive);
      save();
      return;
    }
    const language = state.language;
    const late = window.setTimeout(() => fill(page, make("p", { class: "loading" }, words.loading)), 300);
    load(id, language, (arrived) => {
      window.clearTimeout(late);
      if (state.lesson !== id || state.language !== language) {
        return; // the learner has moved on meanwhile
      }
      if (!arrived) {
        shown(failedPage(id), arrive);
        return;
      }
      state.opened.add(id);
      shown(lessonPage(id), arrive);
      save();
      const next = neighbour(id, 1);
      if (next !== RESULT) {
        load(next, language, () => {});
      }
    });
  }

  function shown(parts, arrive) {
    fill(page, ...parts);
    drawContents();
    drawTurn();
    makeTablesReachable();
    document.title = titleOf(state.lesson) + " – " + course.titles[state.language];
    shownAt = Date.now();
    if (arrive) {
      window.scrollTo(0, 0);
      page.querySelector("h1").focus({ preventScroll: true });
    }
  }

  function pageHead(eyebrow, title) {
    return make("header", { class: "page-head" },
      make("p", { class: "eyebrow" }, eyebrow),
      make("h1", { tabindex: "-1" }, title));
  }

  function lessonHead(id) {
    const at = lessonAt(id);
    const where = say("lesson_of", { number: at + 1, all: course.lessons.length });
    const minutes = course.lessons[at].minutes;
    return pageHead(minutes ? where + " · " + say("minutes", { n: minutes }) : where, titleOf(id));
  }

  function lessonPage(id) {
    const content = document.createElement("template");
    content.innerHTML = texts[state.language][id]; // sanitised when the package was built
    course.lessons[lessonAt(id)].checks.forEach((check) => {
      setUpCheck(content.content.querySelector('[data-check="' + check.id + '"]'), check);
    });
    content.content.querySelectorAll("a.external").forEach((link) => {
      link.append(make("span", { class: "unseen" }, " (" + words.new_window + ")"));
    });
    return [lessonHead(id), make("div", { class: "blocks" }, content.content)];
  }

  function failedPage(id) {
    return [lessonHead(id),
      make("p", { role: "alert" }, words.load_failed),
      button(words.load_again, "button", () => show(id, true))];
  }

  /* Tables wider than the page scroll inside themselves; the keyboard must reach them to do so. */
  function makeTablesReachable() {
    page.querySelectorAll(".table").forEach((table) => {
      const wide = table.scrollWidth > table.clientWidth + 1;
      const attributes = { tabindex: "0", role: "region", "aria-label": words.table };
      for (const name of Object.keys(attributes)) {
        if (wide) {
          table.setAttribute(name, attributes[name]);
        } else {
          table.removeAttribute(name);
        }
      }
    });
  }

  /* --- knowledge checks ------------------------------------------------------------------------- */

  function setUpCheck(form, check) {
    const answer = state.answers.get(check.id);
    if (answer) {
      showAnswer(form, check, answer.chosen);
    }
    /* What was answered stays as it was: arrows, space and enter on a locked answer do nothing. */
    const keep = (event) => {
      if (form.classList.contains("answered") && (event.type === "click" || event.key === "Enter")) {
        event.preventDefault();
      }
    };
    form.querySelector("fieldset").addEventListener("click", keep);
    form.querySelector("fieldset").addEventListener("keydown", keep);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (form.classList.contains("answered")) {
        clearAnswer(form);
        form.querySelector("input").focus();
        return;
      }
      const chosen = Array.from(form.querySelectorAll("input:checked"), (input) => Number(input.value));
      if (!chosen.length) {
        fill(form.querySelector(".feedback"), make("p", { class: "verdict" }, words.choose_first));
        return;
      }
      const right = state.answer(check, chosen);
      showAnswer(form, check, chosen);
      session.record(interaction(check, chosen, right));
      save();
      drawContents();
    });
  }

  /* An answer in SCORM 1.2's form: answers are named a, b, c …; the first of a true-false pair is "t". */
  function interaction(check, chosen, right) {
    const trueFalse = check.kind === "truefalse";
    const letter = (position) => (trueFalse ? "tf".charAt(position) : String.fromCharCode(97 + position));
    return {
      id: check.id,
      type: trueFalse ? "true-false" : "choice",
      pattern: check.right.map(letter).join(","),
      response: chosen.map(letter).join(","),
      weighting: check.graded ? 1 : 0,
      right: right,
      milliseconds: Date.now() - shownAt
    };
  }

  function showAnswer(form, check, chosen) {
    const right = chosen.join() === check.right.join();
    form.classList.add("answered", right ? "right" : "wrong");
    form.querySelectorAll("input").forEach((input) => {
      const position = Number(input.value);
      input.checked = chosen.includes(position);
      input.setAttribute("aria-disabled", "true"); // locked, and still to be reached and read
      if (input.checked) {
        const fits = check.right.includes(position);
        input.parentNode.classList.add(fits ? "right" : "wrong");
        input.nextElementSibling.append(
          make("span", { class: "unseen mark" }, " (" + (fits ? words.mark_right : words.mark_wrong) + ")"));
      }
    });
    fill(form.querySelector(".feedback"),
      make("p", { class: "verdict" }, right ? words.right : words.wrong),
      ...feedbackParts(form, check, chosen));
    form.querySelector("button").textContent = right ? words.again : words.retry;
  }

  /* Feedback to the chosen answers, with their words where there can be several, then the general one. */
  function feedbackParts(form, check, chosen) {
    const copy = (key) => {
      const template = form.querySelector('template[data-answer="' + key + '"]');
      return template ? template.content.cloneNode(true) : null;
    };
    const parts = [];
    chosen.forEach((position) => {
      const feedback = copy(position);
      if (feedback && check.kind === "multiple") {
        const label = form.querySelector('input[value="' + position + '"] + label > span');
        parts.push(make("div", { class: "feedback-to" },
          make("p", { class: "feedback-answer" }, ...Array.from(label.cloneNode(true).childNodes)), feedback));
      } else if (feedback) {
        parts.push(feedback);
      }
    });
    const general = copy("any");
    if (general) {
      parts.push(make("div", { class: "feedback-all" }, general));
    }
    return parts;
  }

  function clearAnswer(form) {
    form.classList.remove("answered", "right", "wrong");
    form.querySelectorAll("input").forEach((input) => {
      input.removeAttribute("aria-disabled");
      input.checked = false;
      input.parentNode.classList.remove("right", "wrong");
    });
    form.querySelectorAll(".mark").forEach((mark) => mark.remove());
    fill(form.querySelector(".feedback"));
    form.querySelector("button").textContent = words.submit;
  }

  /* --- the result ------------------------------------------------------------------------------- */

  function resultPage() {
    const standing = state.standing();
    const key = { incomplete: "open", completed: "completed", passed: "passed", failed: "failed" }[standing.status];
    const facts = make("dl", { class: "facts" });
    const fact = (label, value, more) => facts.append(make("div", {}, make("dt", {}, label), make("dd", {}, value,
      more ? make("span", { class: "details" }, more) : null)));
    fact(words.result_lessons, say("of", { done: state.opened.size, all: course.lessons.length }));
    if (state.checks.length) {
      fact(words.result_checks, say("of", { done: state.answers.size, all: state.checks.length }));
      const right = state.checks.filter((check) => state.answers.has(check.id) && state.answers.get(check.id).right);
      fact(words.result_right, say("of", { done: right.length, all: state.checks.length }));
    }
    if (course.passing !== null) {
      const needed = words.result_needed + ": " + say("percent", { n: course.passing });
      fact(words.result_score, say("percent", { n: standing.score }), needed);
    }
    const closed = course.lessons.filter((lesson) => !state.opened.has(lesson.id));
    const open = course.lessons.filter((lesson) => state.opened.has(lesson.id) && unanswered(lesson));
    const wrong = course.lessons.filter((lesson) => lesson.checks.some((check) =>
      state.answers.has(check.id) && !state.answers.get(check.id).right));
    return [
      pageHead(course.titles[state.language], words.result),
      make("div", { class: "standing " + standing.status },
        make("p", { class: "standing-word" }, words["status_" + key]),
        make("p", {}, isPreview() ? words.status_preview_text : words["status_" + key + "_text"])),
      facts,
      lessonLinks(words.left_lessons, closed),
      lessonLinks(words.left_checks, open),
      lessonLinks(words.left_wrong, wrong)
    ];
  }

  function lessonLinks(heading, lessons) {
    if (!lessons.length) {
      return null;
    }
    const list = make("ul", { class: "lesson-links" });
    lessons.forEach((lesson) => {
      list.append(make("li", {}, button(lesson.titles[state.language], "link", () => show(lesson.id, true))));
    });
    return make("section", {}, make("h2", {}, heading), list);
  }

  /* --- contents and the way on ------------------------------------------------------------------ */

  function drawContents() {
    fill(byId("lesson-list"), ...course.lessons.map((lesson, at) => contentsEntry(lesson.id, String(at + 1))),
      contentsEntry(RESULT, ""));
    const done = state.opened.size;
    byId("progress-text").textContent = say("progress", { done: done, all: course.lessons.length });
    byId("progress-bar").value = done;
  }

  function contentsEntry(id, number) {
    const lesson = id === RESULT ? null : course.lessons[lessonAt(id)];
    const opened = lesson !== null && state.opened.has(id);
    const left = opened ? unanswered(lesson) : 0;
    const details = [];
    if (lesson && lesson.minutes && !opened) {
      details.push(say("minutes", { n: lesson.minutes }));
    }
    if (left) {
      details.push(say("questions_left", { n: left }));
    }
    const entry = make("button", {
      type: "button",
      "aria-current": state.lesson === id ? "page" : null,
      click: () => show(id, true)
    },
      make("span", { class: "number", "aria-hidden": "true" }, number),
      make("span", { class: "name" }, titleOf(id),
        lesson ? make("span", { class: "unseen" }, " (" + (opened ? words.opened : words.not_opened) + ")") : null,
        details.length ? make("span", { class: "details" }, details.join(" · ")) : null));
    const mark = lesson === null ? "result" : opened ? (left ? "begun" : "done") : "";
    return make("li", { class: mark || null }, entry);
  }

  function drawTurn() {
    const way = (step, key, kind) => {
      const id = neighbour(state.lesson, step);
      return id === undefined ? null : make("button", { type: "button", class: kind, click: () => show(id, true) },
        make("span", { class: "way" }, words[key]), make("span", { class: "where" }, titleOf(id)));
    };
    fill(byId("turn"), way(-1, "previous", "back"), way(1, "next", "on"));
  }

  function closeContents(giveFocusBack) {
    const toggle = byId("contents-toggle");
    if (toggle.getAttribute("aria-expanded") === "true") {
      toggle.setAttribute("aria-expanded", "false");
      byId("contents").classList.remove("open");
      if (giveFocusBack) {
        toggle.focus();
      }
    }
  }

  function setUpContents() {
    const toggle = byId("contents-toggle");
    toggle.addEventListener("click", () => {
      const open = toggle.getAttribute("aria-expanded") !== "true";
      toggle.setAttribute("aria-expanded", String(open));
      byId("contents").classList.toggle("open", open);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        closeContents(true);
      }
    });
  }

  /* --- languages -------------------------------------------------------------------------------- */

  function speak(language) {
    state.language = language;
    words = course.words[language];
    document.documentElement.lang = language;
    document.querySelectorAll("[data-words]").forEach((each) => {
      each.textContent = words[each.getAttribute("data-words")];
    });
    document.querySelectorAll("[data-label]").forEach((each) => {
      each.setAttribute("aria-label", words[each.getAttribute("data-label")]);
    });
    document.querySelectorAll("[data-language]").forEach((each) => {
      each.setAttribute("aria-pressed", String(each.getAttribute("data-language") === language));
    });
    byId("course-title").textContent = course.titles[language];
    byId("owner").textContent = course.owners[language];
    const colophon = [say("version", { version: course.version }), course.license, course.contact];
    byId("colophon").textContent = colophon.filter(Boolean).join(" · ");
    drawNotices();
  }

  /* The other language at the same place: the block at the top of the view, and what was chosen there. */
  function changeLanguage(language) {
    if (language === state.language) {
      return;
    }
    const blocks = () => Array.from(page.querySelectorAll(".blocks > *"));
    const before = blocks();
    const at = before.findIndex((block) => block.getBoundingClientRect().bottom > 0);
    const offset = at < 0 ? 0 : before[at].getBoundingClientRect().top;
    const share = window.scrollY / Math.max(1, document.documentElement.scrollHeight);
    const begun = new Set(Array.from(page.querySelectorAll("form:not(.answered) input:checked"), (each) => each.id));
    speak(language);
    const restore = () => {
      if (state.lesson !== RESULT) {
        begun.forEach((id) => {
          const input = byId(id);
          if (input) {
            input.checked = true;
          }
        });
        const after = blocks();
        if (at >= 0 && after.length === before.length) {
          window.scrollBy(0, after[at].getBoundingClientRect().top - offset);
        } else {
          window.scrollTo(0, share * document.documentElement.scrollHeight);
        }
      }
    };
    if (state.lesson === RESULT) {
      show(RESULT, false);
      return;
    }
    load(state.lesson, language, () => {
      show(state.lesson, false);
      restore();
    });
  }

  /* The learner's choice, else the language of the page around this one, else the course's own. */
  function firstLanguage() {
    const offered = Object.keys(course.titles);
    let around = "";
    try {
      around = window.parent.document.documentElement.lang.split("-")[0];
    } catch (error) {
      // a page of another site keeps its language to itself
    }
    return [state.language, around].find((language) => offered.includes(language)) || course.defaultLanguage;
  }

  /* --- what is recorded ------------------------------------------------------------------------- */

  /* Puts what changed into the queue and sends it once the page has been drawn. */
  function save() {
    putState();
    window.clearTimeout(saveSoon);
    saveSoon = window.setTimeout(() => session.save(), 20);
  }

  function putState() {
    const standing = state.standing();
    const settled = statusBefore === "passed" || (statusBefore === "completed" && standing.status !== "passed");
    session.put("cmi.suspend_data", state.write());
    session.put("cmi.core.lesson_location", state.lesson);
    const all = course.lessons.length + standing.graded;
    session.put("progress", Math.floor((100 * (state.opened.size + standing.answered)) / all) / 100);
    // A platform may turn any score below the mastery score into "failed" when the learner leaves, so
    // there is no score before everything is opened and answered.
    if (standing.status !== "incomplete" && standing.score !== null && standing.allAnswered) {
      session.put("cmi.core.score.min", 0);
      session.put("cmi.core.score.max", 100);
      session.put("cmi.core.score.raw", settled && scoreBefore !== null ? Math.max(scoreBefore, standing.score) : standing.score);
    }
    session.put("cmi.core.lesson_status", settled ? statusBefore : standing.status);
    // Set early, too: a phone may end the page without a word.
    session.put("cmi.core.exit", exitValue());
  }

  /* "suspend" keeps place and answers for the next time, until there is nothing left to do. */
  function exitValue() {
    const status = state.standing().status;
    return status === "passed" || status === "completed" || statusBefore === "passed" ? "" : "suspend";
  }

  function showSaveResult(done) {
    if (done !== lastSaveFailed) {
      return; // nothing new
    }
    lastSaveFailed = !done;
    drawNotices(done);
  }

  function isPreview() {
    return !session.refused && (!session.connected || session.mode === "browse");
  }

  function drawNotices(savedAgain) {
    const notices = [];
    if (session.refused) {
      notices.push(make("p", { class: "notice bad" }, words.no_connection));
    } else if (isPreview()) {
      notices.push(make("p", { class: "notice" }, words.preview));
    } else if (session.mode === "review") {
      notices.push(make("p", { class: "notice" }, words.review));
    }
    if (lastSaveFailed) {
      notices.push(make("p", { class: "notice bad" }, words.save_failed + " ",
        button(words.save_now, "link", () => session.save())));
    } else if (savedAgain) {
      notices.push(make("p", { class: "notice good" }, words.saved));
    }
    fill(byId("notices"), ...notices);
  }

  function resume() {
    const saved = session.get("cmi.suspend_data");
    if (!saved || !state.read(saved)) {
      const place = session.get("cmi.core.lesson_location");
      state.lesson = place && lessonAt(place) >= 0 ? place : null;
    }
    if (session.connected) {
      statusBefore = session.get("cmi.core.lesson_status") || "";
      const score = session.get("cmi.core.score.raw");
      scoreBefore = score ? Number(score) : null;
    }
  }

  function leaveOnce() {
    if (session.connected) {
      window.clearTimeout(saveSoon);
      putState();
      session.finish(exitValue());
    }
  }

  function setUpLeaving() {
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && session.connected && !session.finished) {
        window.clearTimeout(saveSoon);
        session.saveWhileHidden();
      }
    });
    window.addEventListener("pagehide", leaveOnce);
    // A page that the browser kept and shows again has no session any more.
    window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
    window.addEventListener("online", () => session.save());
    window.addEventListener("resize", makeTablesReachable);
  }

  resume();
  speak(firstLanguage());
  setUpContents();
  setUpLeaving();
  document.querySelectorAll("[data-language]").forEach((each) => {
    each.addEventListener("click", () => changeLanguage(each.getAttribute("data-language")));
  });
  show(state.lesson === null ? course.lessons[0].id : state.lesson, true);
})();
