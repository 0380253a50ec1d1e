/* A strict SCORM 1.2 run-time, for the preview and for tests: it accepts what the standard allows and nothing else.
 *
 * Platforms forgive a good deal; this one does not. Types, vocabularies, ranges, lengths, read and write
 * rights, array order and the order of calls are those of SCORM 1.2 RTE, chapters 3.3 and 3.4. Every call
 * is logged with its answer and error. `createScorm12Api(stored, faults, heard)` begins with what an earlier
 * session left; `faults.failCommits` is the number of commits that shall fail, and with
 * `faults.noInteractions` they are not kept, which the standard allows. `heard`, where given, is handed every
 * call after it was answered. `nextScorm12Session(committed)` is what the next session begins with. */
(function () {
  "use strict";

  const decimal = (low, high) => (text) => /^-?\d{0,3}(\.\d+)?$/.test(text) && text !== "" && text !== "-" &&
    (low === undefined || (Number(text) >= low && Number(text) <= high));
  const text = (most) => (value) => value.length <= most;
  const oneOf = (...words) => (value) => words.includes(value);
  const identifier = (value) => /^[A-Za-z0-9_-]{1,255}$/.test(value);
  const time = (value) => /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,2})?$/.test(value);
  const timespan = (value) => /^\d{2,4}:[0-5]\d:[0-5]\d(\.\d{1,2})?$/.test(value);
  const result = (value) => oneOf("correct", "wrong", "unanticipated", "neutral")(value) || decimal()(value);
  const status = oneOf("passed", "completed", "failed", "incomplete", "browsed");

  /* A response or pattern, by the type of its interaction. */
  const FORMS = {
    "true-false": /^[01tf]$/,
    choice: /^(\{?[a-z0-9](,[a-z0-9])*\}?)?$/,
    "fill-in": /^.{0,255}$/,
    numeric: /^-?\d+(\.\d+)?$/,
    likert: /^[a-z0-9]?$/,
    matching: /^(\{?[a-z0-9]\.[a-z0-9](,[a-z0-9]\.[a-z0-9])*\}?)?$/,
    performance: /^.{0,255}$/,
    sequencing: /^[a-z0-9](,[a-z0-9])*$/
  };

  /* element pattern -> rights and rule. "n" stands for an index. */
  const MODEL = {
    "cmi.core.student_id": { rights: "r" },
    "cmi.core.student_name": { rights: "r" },
    "cmi.core.lesson_location": { rights: "rw", rule: text(255) },
    "cmi.core.credit": { rights: "r" },
    "cmi.core.lesson_status": { rights: "rw", rule: status },
    "cmi.core.entry": { rights: "r" },
    "cmi.core.score.raw": { rights: "rw", rule: decimal(0, 100) },
    "cmi.core.score.min": { rights: "rw", rule: decimal(0, 100) },
    "cmi.core.score.max": { rights: "rw", rule: decimal(0, 100) },
    "cmi.core.total_time": { rights: "r" },
    "cmi.core.lesson_mode": { rights: "r" },
    "cmi.core.exit": { rights: "w", rule: oneOf("time-out", "suspend", "logout", "") },
    "cmi.core.session_time": { rights: "w", rule: timespan },
    "cmi.suspend_data": { rights: "rw", rule: text(4096) },
    "cmi.launch_data": { rights: "r" },
    "cmi.comments": { rights: "rw", rule: text(4096) },
    "cmi.comments_from_lms": { rights: "r" },
    "cmi.student_data.mastery_score": { rights: "r" },
    "cmi.student_data.max_time_allowed": { rights: "r" },
    "cmi.student_data.time_limit_action": { rights: "r" },
    "cmi.student_preference.audio": { rights: "rw", rule: decimal(-1, 100) },
    "cmi.student_preference.language": { rights: "rw", rule: text(255) },
    "cmi.student_preference.speed": { rights: "rw", rule: decimal(-100, 100) },
    "cmi.student_preference.text": { rights: "rw", rule: decimal(-1, 1) },
    "cmi.objectives.n.id": { rights: "rw", rule: identifier },
    "cmi.objectives.n.score.raw": { rights: "rw", rule: decimal(0, 100) },
    "cmi.objectives.n.score.min": { rights: "rw", rule: decimal(0, 100) },
    "cmi.objectives.n.score.max": { rights: "rw", rule: decimal(0, 100) },
    "cmi.objectives.n.status": { rights: "rw", rule: (value) => status(value) || value === "not attempted" },
    "cmi.interactions.n.id": { rights: "w", rule: identifier },
    "cmi.interactions.n.objectives.n.id": { rights: "w", rule: identifier },
    "cmi.interactions.n.time": { rights: "w", rule: time },
    "cmi.interactions.n.type": { rights: "w", rule: oneOf(...Object.keys(FORMS)) },
    "cmi.interactions.n.correct_responses.n.pattern": { rights: "w", rule: text(255) },
    "cmi.interactions.n.weighting": { rights: "w", rule: decimal(-100, 100) },
    "cmi.interactions.n.student_response": { rights: "w", rule: text(255) },
    "cmi.interactions.n.result": { rights: "w", rule: result },
    "cmi.interactions.n.latency": { rights: "w", rule: timespan }
  };
  const CHILDREN = {
    "cmi.core": "student_id,student_name,lesson_location,credit,lesson_status,entry,score,total_time,lesson_mode,exit,session_time",
    "cmi.core.score": "raw,min,max",
    "cmi.student_data": "mastery_score,max_time_allowed,time_limit_action",
    "cmi.student_preference": "audio,language,speed,text",
    "cmi.objectives": "id,score,status",
    "cmi.interactions": "id,objectives,time,type,correct_responses,weighting,student_response,result,latency"
  };
  const ARRAYS = ["cmi.objectives", "cmi.interactions"];

  /* SCORM 1.2 RTE, table 3.3.2: what LMSGetErrorString says. */
  const ERRORS = {
    "0": "No error",
    "101": "General exception",
    "201": "Invalid argument error",
    "202": "Element cannot have children",
    "203": "Element not an array - cannot have count",
    "301": "Not initialized",
    "401": "Not implemented error",
    "402": "Invalid set value, element is a keyword",
    "403": "Element is read only",
    "404": "Element is write only",
    "405": "Incorrect data type"
  };

  /* Hundredths of a second in a CMITimespan, and the other way round. */
  const hundredths = (span) => {
    const [hours, minutes, seconds] = span.split(":").map(Number);
    return Math.round((hours * 3600 + minutes * 60 + seconds) * 100);
  };
  const spanOf = (number) => {
    const digits = (value, count) => String(value).padStart(count, "0");
    return digits(Math.floor(number / 360000), 4) + ":" + digits(Math.floor(number / 6000) % 60, 2) + ":" +
      digits(Math.floor(number / 100) % 60, 2) + "." + digits(number % 100, 2);
  };

  /* What a platform gives back when the same learner comes again: everything that was kept, the time of the
   * session added to that of the earlier ones, and "resume" where the learner had suspended. */
  window.nextScorm12Session = function (committed) {
    const stored = Object.assign({}, committed);
    const spent = stored["cmi.core.session_time"];
    if (spent) {
      const total = hundredths(stored["cmi.core.total_time"] || "00:00:00") + hundredths(spent);
      stored["cmi.core.total_time"] = spanOf(total);
    }
    stored["cmi.core.entry"] = stored["cmi.core.exit"] === "suspend" ? "resume" : "";
    delete stored["cmi.core.session_time"];
    delete stored["cmi.core.exit"];
    return stored;
  };

  window.createScorm12Api = function (stored, faults, heard) {
    const values = Object.assign({
      "cmi.core.student_id": "learner-1",
      "cmi.core.student_name": "Hoxha, Arta",
      "cmi.core.lesson_location": "",
      "cmi.core.credit": "credit",
      "cmi.core.lesson_status": "not attempted",
      "cmi.core.entry": "ab-initio",
      "cmi.core.score.raw": "",
      "cmi.core.score.min": "",
      "cmi.core.score.max": "",
      "cmi.core.total_time": "0000:00:00",
      "cmi.core.lesson_mode": "normal",
      "cmi.suspend_data": "",
      "cmi.launch_data": "",
      "cmi.comments": "",
      "cmi.comments_from_lms": ""
    }, stored || {});
    const log = [];
    let phase = "before";
    let lastError = "0";

    function count(array) {
      const indexes = Object.keys(values).filter((name) => name.startsWith(array + "."))
        .map((name) => Number(name.slice(array.length + 1).split(".")[0]));
      return indexes.length ? Math.max(...indexes) + 1 : 0;
    }

    /* One call: judged, logged, answered with a string as the standard demands. */
    function call(name, args, judge) {
      let answer;
      lastError = "0";
      const fail = (code, value) => {
        lastError = String(code);
        answer = value;
      };
      if (args.some((argument) => typeof argument !== "string")) {
        fail(201, "false");
      } else {
        answer = judge(fail);
        answer = answer === undefined ? "false" : answer;
      }
      if (lastError !== "0") {
        answer = name === "LMSGetValue" ? "" : "false";
      }
      const entry = { call: name, args: args, answer: answer, error: lastError };
      log.push(entry);
      if (heard) {
        heard(entry);
      }
      return answer;
    }

    function read(element, fail) {
      const keyword = /^(.*)\._(children|count|version)$/.exec(element);
      if (element === "cmi._version") {
        return "3.4";
      }
      if (keyword && keyword[2] === "children") {
        return CHILDREN[keyword[1]] || fail(MODEL[keyword[1]] ? 202 : 201);
      }
      if (keyword && keyword[2] === "count") {
        return ARRAYS.includes(keyword[1]) ? String(count(keyword[1])) : fail(MODEL[keyword[1]] ? 203 : 201);
      }
      const entry = MODEL[element.replace(/\.\d+\./g, ".n.")];
      if (!entry) {
        return fail(201);
      }
      if (entry.rights === "w") {
        return fail(404);
      }
      return element in values ? values[element] : /\.\d+\./.test(element) ? fail(201) : "";
    }

    function write(element, value, fail) {
      if (/\._(children|count|version)$/.test(element)) {
        return fail(402);
      }
      const entry = MODEL[element.replace(/\.\d+\./g, ".n.").replace(/\.\d+\./g, ".n.")];
      if (!entry) {
        return fail(201);
      }
      if (entry.rights === "r") {
        return fail(403);
      }
      if (faults && faults.noInteractions && element.startsWith("cmi.interactions")) {
        return fail(401);
      }
      const indexed = /^(cmi\.(?:interactions|objectives))\.(\d+)\.(.+)$/.exec(element);
      if (indexed) {
        const path = indexed[1] + "." + indexed[2] + ".";
        if (Number(indexed[2]) > count(indexed[1]) || (indexed[3] !== "id" && !(path + "id" in values))) {
          return fail(201); // a gap, or a field before its record's id
        }
        const inner = /^(.*\.\d+\.(?:correct_responses|objectives))\.(\d+)\./.exec(element);
        if (inner && Number(inner[2]) > count(inner[1])) {
          return fail(201); // a gap inside a record
        }
        const form = FORMS[values[path + "type"]];
        if (/pattern$|student_response$/.test(element) && !(form && form.test(value))) {
          return fail(405); // without a type a response cannot be judged, so the type has to come first
        }
      }
      if (!entry.rule(value)) {
        return fail(405);
      }
      values[element] = value;
      return "true";
    }

    const running = (fail) => phase === "running" || fail(301);
    const api = {
      LMSInitialize: (...args) => call("LMSInitialize", args, (fail) => {
        if (args.length !== 1 || args[0] !== "") {
          return fail(201);
        }
        if (phase !== "before") {
          return fail(101);
        }
        phase = "running";
        return "true";
      }),
      LMSGetValue: (...args) => call("LMSGetValue", args, (fail) =>
        (args.length === 1 || fail(201)) && running(fail) && read(args[0], fail)),
      LMSSetValue: (...args) => call("LMSSetValue", args, (fail) =>
        (args.length === 2 || fail(201)) && running(fail) && write(args[0], args[1], fail)),
      LMSCommit: (...args) => call("LMSCommit", args, (fail) => {
        if (!running(fail) || args.length !== 1 || args[0] !== "") {
          return fail(lastError === "0" ? 201 : lastError);
        }
        if (faults && faults.failCommits > 0) {
          faults.failCommits -= 1;
          return fail(101);
        }
        api.committed = Object.assign({}, values);
        return "true";
      }),
      LMSFinish: (...args) => call("LMSFinish", args, (fail) => {
        if (!running(fail) || args.length !== 1 || args[0] !== "") {
          return fail(lastError === "0" ? 201 : lastError);
        }
        phase = "finished";
        api.committed = Object.assign({}, values);
        return "true";
      }),
      LMSGetLastError: () => lastError,
      LMSGetErrorString: (code) => ERRORS[code] || "",
      LMSGetDiagnostic: (code) => ERRORS[code] || "",
      log: log,
      values: values,
      committed: null
    };
    return api;
  };
})();
