/* SCORM 2004 4th Edition: the object API_1484_11. Completion and success are two things here; both are set
 * by the player, because platforms do not derive success reliably. */
(function () {
  "use strict";

  const LmsSync = window.LmsSync;
  const HOPELESS = ["201", "351", "401", "402", "404", "406", "407", "408"];
  const SAME = {
    "cmi.suspend_data": "cmi.suspend_data",
    "cmi.core.lesson_location": "cmi.location",
    "cmi.core.score.min": "cmi.score.min",
    "cmi.core.score.max": "cmi.score.max"
  };

  /* timeinterval(second,10,2): PT1H2M3.45S */
  function duration(milliseconds) {
    const hundredths = Math.floor(Math.max(0, milliseconds) / 10);
    const seconds = Math.floor(hundredths / 100);
    const part = (number, letter) => (number ? number + letter : "");
    return "PT" + part(Math.floor(seconds / 3600), "H") + part(Math.floor(seconds / 60) % 60, "M") +
      (seconds % 60) + "." + (hundredths % 100 < 10 ? "0" : "") + (hundredths % 100) + "S";
  }

  /* time(second,10,2) in UTC: Moodle takes a zone only behind fractions of a second. */
  function timestamp(date) {
    return date.toISOString().slice(0, 22) + "Z";
  }

  /* A response in the form of 1.2 (a,c; a.1,b.2; t) in the form of 2004 (a[,]c; a[.]1[,]b[.]2; true). */
  function response(type, text) {
    const parts = text.replace(/[{}]/g, "").split(",");
    switch (type) {
      case "true-false":
        return { t: "true", f: "false", 1: "true", 0: "false" }[text] || text;
      case "choice":
      case "sequencing":
        return parts.join("[,]");
      case "matching":
        return parts.map((part) => part.replace(".", "[.]")).join("[,]");
      case "performance":
        // A step without a name; Moodle takes letters, digits, dots and underscores only.
        return "[.]" + text.replace(/[^\w.]/g, "_");
      default:
        return text;
    }
  }

  /* What is right: one pattern, or for a performance each of the ends that are. */
  function patterns(type, text) {
    if (type === "performance") {
      return text.split(",").map((end) => response(type, end));
    }
    return [type === "numeric" ? text + "[:]" + text : response(type, text)];
  }

  function interaction(index, one) {
    const path = "cmi.interactions." + index + ".";
    const result = one.result === "wrong" ? "incorrect" : one.result;
    return [
      [path + "id", one.id],
      [path + "type", one.type],
      [path + "timestamp", timestamp(new Date())],
      ...(one.pattern ? patterns(one.type, one.pattern) : []).map((text, at) =>
        [path + "correct_responses." + at + ".pattern", text]),
      [path + "weighting", one.weighting],
      [path + "learner_response", one.response && response(one.type, one.response)],
      [path + "result", result || (one.right ? "correct" : "incorrect")],
      [path + "latency", duration(one.milliseconds)]
    ].filter((pair) => pair[1] !== undefined && pair[1] !== "");
  }

  /* What is complete has the whole progress, and nothing else has: platforms compare it with the threshold. */
  function status(word) {
    const open = /inc|fail/.test(word); // who failed can try again: Moodle only shows what is complete
    const said = [["cmi.completion_status", open ? "incomplete" : "completed"]];
    return said.concat(open ? [] : [["cmi.progress_measure", "1"]],
      /pass|fail/.test(word) ? [["cmi.success_status", word]] : []);
  }

  function say(element, value) {
    switch (element) {
      case "cmi.core.lesson_status":
        return status(value);
      case "progress":
        return [["cmi.progress_measure", String(Math.min(Number(value), 0.99))]];
      case "cmi.core.lesson_location":
        return value ? [["cmi.location", value]] : []; // some platforms refuse an empty one
      case "cmi.core.score.raw":
        return [["cmi.score.raw", value], ["cmi.score.scaled", String(Number(value) / 100)]];
      case "cmi.core.exit":
        // Also of what is done: after "normal" a platform gives nothing back of it, and who looks again sees no answers
        // (Run-Time Environment 4.2.8: only "suspend" keeps the data of the session for the next).
        return [["cmi.exit", "suspend"]];
      case "cmi.core.session_time":
        return [["cmi.session_time", duration(Number(value))]];
      default:
        return [[SAME[element], value]];
    }
  }

  LmsSync.connect = function () {
    const api = LmsSync.findApi("API_1484_11");
    if (!api) {
      return null;
    }
    const call = (name, ...values) => LmsSync.callApi(api, name, ...values);
    if (call("Initialize", "") !== "true") {
      return { refused: true };
    }
    const read = (element) => {
      const value = call("GetValue", element);
      return call("GetLastError") === "0" ? value : null;
    };
    const mode = read("cmi.mode");
    const records = read("cmi.interactions._count");
    const isNew = read("cmi.entry") === "ab-initio"; // then asking for what was never set is an error
    const completed = read("cmi.completion_status") === "completed";
    const success = read("cmi.success_status");
    const get = (element) => {
      switch (element) {
        case "cmi.core.lesson_status":
          return success === "passed" ? "passed" : completed ? "completed" : "incomplete";
        case "cmi.core.score.raw":
          return completed ? read("cmi.score.raw") : null;
        default:
          return isNew ? null : read(SAME[element]);
      }
    };
    return {
      mode: mode === "review" || mode === "browse" ? mode : "normal",
      records: records === null || records === "" ? -1 : Number(records),
      get: get,
      say: say,
      interaction: interaction,
      set: (element, value) => call("SetValue", element, value) === "true",
      hopeless: () => HOPELESS.includes(call("GetLastError")),
      commit: () => call("Commit", "") === "true",
      finish: () => call("Terminate", "")
    };
  };
})();
