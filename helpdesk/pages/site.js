/* The search, and the keeping of pages for reading without a connection. Everything else needs no script. */
(function () {
  "use strict";

  const body = document.body;
  const root = body.dataset.root || "";
  const language = body.dataset.language;

  /* --- search --------------------------------------------------------------------------------- */

  const form = document.querySelector(".search");
  const results = document.querySelector(".results");
  const MARKS = /[\u0300-\u036f]/g;
  const WORD = /[\p{L}\p{N}]+/gu;
  const SHOWN = 20;
  let entries = null; // filled by the index, which is a script so that it also loads from a folder on a disk
  let loading = null;

  /* A text without diacritics and capitals: ë and e, ș and s are the same. */
  function fold(text) {
    return text.normalize("NFD").replace(MARKS, "").toLowerCase();
  }

  function wordsOf(text) {
    return fold(text).match(WORD) || [];
  }

  /* The words of a query that tell something: of two letters and fewer only when there are no others. */
  function telling(query) {
    const typed = wordsOf(query).slice(0, 12);
    const longer = typed.filter((word) => word.length > 2 || /\p{N}/u.test(word));
    return longer.length ? longer : typed;
  }

  window.helpdeskIndex = function (data) {
    entries = data.map((entry) => ({
      page: entry[0],
      title: entry[1],
      topic: entry[2],
      text: entry[3],
      titleWords: wordsOf(entry[1]),
      topicWords: wordsOf(entry[2]),
      textWords: wordsOf(entry[3]),
    }));
  };

  function loadIndex() {
    if (!loading) {
      loading = new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = root + body.dataset.index;
        script.addEventListener("load", () => (entries ? resolve() : reject()));
        script.addEventListener("error", () => {
          loading = null;
          script.remove();
          reject();
        });
        document.head.append(script);
      });
    }
    return loading;
  }

  /* How well a word that was typed fits a list of words: whole, by its beginning, by its stem, or not. */
  function fit(typed, words) {
    const stem = typed.length > 5 ? typed.slice(0, Math.max(4, typed.length - 2)) : null;
    let best = 0;
    for (const word of words) {
      if (word === typed) {
        return 3;
      }
      if (word.startsWith(typed)) {
        best = Math.max(best, 2);
      } else if (stem && word.startsWith(stem)) {
        best = Math.max(best, 1); // another ending: kutinë, kutia
      }
    }
    return best;
  }

  function find(query) {
    const typed = telling(query);
    const found = [];
    for (const entry of entries) {
      let score = 0;
      let fitting = 0;
      for (const word of typed) {
        const value = 6 * fit(word, entry.titleWords) + 2 * fit(word, entry.topicWords) + fit(word, entry.textWords);
        if (value) {
          fitting += 1;
          score += value * Math.min(word.length, 6);
        }
      }
      if (fitting) {
        found.push({ entry: entry, fitting: fitting, score: score });
      }
    }
    const most = found.reduce((so_far, one) => Math.max(so_far, one.fitting), 0);
    const enough = Math.max(1, Math.ceil(Math.min(most, typed.length) / 2));
    return found
      .filter((one) => one.fitting >= enough)
      .sort((a, b) => b.fitting - a.fitting || b.score - a.score)
      .slice(0, SHOWN)
      .map((one) => one.entry);
  }

  /* Appends a text with the words that fit marked; no markup is ever made from text. */
  function appendMarked(element, text, typed) {
    let from = 0;
    for (const match of text.matchAll(WORD)) {
      if (typed.some((word) => fit(word, [fold(match[0])]))) {
        element.append(text.slice(from, match.index));
        const mark = document.createElement("mark");
        mark.textContent = match[0];
        element.append(mark);
        from = match.index + match[0].length;
      }
    }
    element.append(text.slice(from));
  }

  /* The part of a text around the first word that fits. */
  function excerpt(text, typed) {
    let at = 0;
    for (const match of text.matchAll(WORD)) {
      if (typed.some((word) => fit(word, [fold(match[0])]))) {
        at = match.index;
        break;
      }
    }
    const start = at > 60 ? text.lastIndexOf(" ", at - 40) + 1 : 0;
    const part = text.slice(start, start + 170);
    const cut = start + 170 < text.length ? part.slice(0, part.lastIndexOf(" ")) + " …" : part;
    return (start ? "… " : "") + cut;
  }

  function span(name) {
    const element = document.createElement("span");
    element.className = name;
    return element;
  }

  function show(query) {
    const status = results.querySelector(".results-status");
    const before = results.querySelector("ol");
    if (before) {
      before.remove();
    }
    const typed = telling(query);
    if (!typed.length) {
      status.textContent = "";
      return;
    }
    const found = find(query);
    if (!found.length) {
      status.textContent = results.dataset.none.replace("{words}", () => query.trim());
      return;
    }
    status.textContent = found.length === 1 ? results.dataset.one : results.dataset.found.replace("{n}", found.length);
    const list = document.createElement("ol");
    for (const entry of found) {
      const link = document.createElement("a");
      link.href = root + language + "/" + entry.page;
      const title = span("found-title");
      appendMarked(title, entry.title, typed);
      const text = span("found-text");
      appendMarked(text, excerpt(entry.text, typed), typed);
      const topic = span("found-topic");
      topic.textContent = entry.topic;
      link.append(title, text, topic);
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    results.append(list);
  }

  function search(query) {
    if (entries) {
      show(query);
      return;
    }
    const status = results.querySelector(".results-status");
    status.textContent = results.dataset.loading;
    loadIndex().then(
      () => show(form.elements.q.value),
      () => {
        status.textContent = results.dataset.failed;
      },
    );
  }

  if (form && results) {
    form.hidden = false;
    let soon = 0;
    form.elements.q.addEventListener("focus", () => loadIndex().catch(() => {}));
    form.elements.q.addEventListener("input", () => {
      window.clearTimeout(soon);
      soon = window.setTimeout(() => search(form.elements.q.value), 200);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      window.clearTimeout(soon);
      search(form.elements.q.value);
    });
    const asked = new URLSearchParams(window.location.search).get("q");
    if (asked) {
      form.elements.q.value = asked.slice(0, 120);
      search(asked);
    }
  }

  /* --- without a connection -------------------------------------------------------------------- */

  const kept = document.querySelector(".kept");
  if ("serviceWorker" in navigator && kept && window.location.protocol !== "file:") {
    const sayKept = () => {
      kept.textContent = kept.dataset.words;
    };
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data && event.data.kept === language) {
        sayKept();
      }
    });
    window.addEventListener("load", () => {
      navigator.serviceWorker
        .register(root + "sw.js", { scope: root || "./" })
        .then(() => navigator.serviceWorker.ready)
        .then((registration) => registration.active.postMessage({ keep: language }))
        .catch(() => {});
    });
  }
})();
