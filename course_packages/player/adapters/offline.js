/* No platform: what the learner has done stays in this browser, under the id of the course. */
(function () {
  "use strict";

  const LmsSync = window.LmsSync;
  const KEPT = [
    "cmi.suspend_data",
    "cmi.core.lesson_location",
    "cmi.core.lesson_status",
    "cmi.core.score.raw"
  ];

  LmsSync.connect = function () {
    const key = "lms-sync:" + JSON.parse(document.getElementById("course-data").textContent).id;
    let kept = {};
    try {
      window.localStorage.setItem(key + ":try", "1");
      window.localStorage.removeItem(key + ":try");
      kept = JSON.parse(window.localStorage.getItem(key) || "{}") || {};
    } catch (error) {
      if (!(error instanceof SyntaxError)) {
        return null; // a browser that keeps nothing, as some do for pages from a folder
      }
    }
    const commit = () => {
      try {
        window.localStorage.setItem(key, JSON.stringify(kept));
        return true;
      } catch (error) {
        return false; // full
      }
    };
    return {
      mode: "normal",
      records: -1,
      get: (element) => (typeof kept[element] === "string" ? kept[element] : null),
      say: (element, value) => (KEPT.includes(element) ? [[element, value]] : []),
      interaction: () => [],
      set: (element, value) => {
        kept[element] = value;
        return true;
      },
      hopeless: () => false,
      commit: commit,
      finish: commit
    };
  };
})();
