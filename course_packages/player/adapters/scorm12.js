/* SCORM 1.2: the object API in a page around this one or in the one that opened it. */
(function () {
  "use strict";

  const LmsSync = window.LmsSync;
  const HOPELESS = ["201", "401", "402", "403", "404", "405"];

  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }

  /* CMITimespan HHHH:MM:SS.SS */
  function timespan(milliseconds) {
    const most = 9999 * 3600000 + 59 * 60000 + 59990;
    const hundredths = Math.floor(Math.max(0, Math.min(milliseconds, most)) / 10);
    const seconds = Math.floor(hundredths / 100);
    const hours = String(Math.floor(seconds / 3600));
    return "0000".slice(hours.length) + hours + ":" + two(Math.floor(seconds / 60) % 60) + ":" +
      two(seconds % 60) + "." + two(hundredths % 100);
  }

  /* CMITime HH:MM:SS */
  function timeOfDay(date) {
    return two(date.getHours()) + ":" + two(date.getMinutes()) + ":" + two(date.getSeconds());
  }

  /* The id goes first, the type before patterns and responses. */
  function interaction(index, one) {
    const path = "cmi.interactions." + index + ".";
    return [
      [path + "id", one.id],
      [path + "time", timeOfDay(new Date())],
      [path + "type", one.type],
      [path + "correct_responses.0.pattern", one.pattern],
      [path + "weighting", one.weighting],
      [path + "student_response", one.response],
      [path + "result", one.result || (one.right ? "correct" : "wrong")],
      [path + "latency", timespan(one.milliseconds)]
    ].filter((pair) => pair[1] !== undefined && pair[1] !== "");
  }

  LmsSync.timespan = timespan;

  LmsSync.connect = function () {
    const api = LmsSync.findApi("API");
    if (!api) {
      return null;
    }
    const call = (name, ...values) => LmsSync.callApi(api, name, ...values);
    if (call("LMSInitialize", "") !== "true") {
      return { refused: true };
    }
    const get = (element) => {
      const value = call("LMSGetValue", element);
      return call("LMSGetLastError") === "0" ? value : null;
    };
    const mode = get("cmi.core.lesson_mode");
    const records = get("cmi.interactions._count");
    return {
      mode: mode === "review" || mode === "browse" ? mode : "normal", // a missing mode means normal
      records: records === null || records === "" ? -1 : Number(records),
      get: get,
      say: (element, value) => {
        if (element === "progress") {
          return []; // 1.2 has no word for it
        }
        if (value === "failed" && element === "cmi.core.lesson_status") {
          // Whoever has not passed can try again. Moodle only shows what is "failed", and records nothing any more.
          return [[element, "incomplete"]];
        }
        return [[element, element === "cmi.core.session_time" ? timespan(Number(value)) : value]];
      },
      interaction: interaction,
      set: (element, value) => call("LMSSetValue", element, value) === "true",
      hopeless: () => HOPELESS.includes(call("LMSGetLastError")),
      commit: () => call("LMSCommit", "") === "true",
      finish: () => call("LMSFinish", "")
    };
  };
})();
