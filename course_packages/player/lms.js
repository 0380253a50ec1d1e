/* The talk with the learning platform by SCORM 1.2's run-time rules.
 *
 * One LMSInitialize, one LMSFinish, nothing after it. Values wait in a queue until the platform has taken
 * them; only what has changed is sent. A failed save is kept and tried again, and the page is told.
 * Leaving is noticed by pagehide and visibilitychange: browsers no longer run unload handlers reliably. */
(function () {
  "use strict";

  const LmsSync = (window.LmsSync = window.LmsSync || {});
  const RETRY_SECONDS = [5, 10, 20, 40, 60];
  const MOST_LEVELS = 500;
  const INTERACTIONS = "cmi.interactions.";
  const FOR_GOOD = ["201", "401", "402", "403", "404", "405"]; // errors that no second try mends

  function apiOf(frame) {
    try {
      return frame.API || null;
    } catch (error) {
      return null; // a frame of another site
    }
  }

  function searchUpwards(frame) {
    for (let level = 0; frame && level < MOST_LEVELS; level += 1) {
      const api = apiOf(frame);
      if (api) {
        return api;
      }
      if (frame.parent === frame) {
        return null;
      }
      frame = frame.parent;
    }
    return null;
  }

  /* The standard's order: the parents of this page, then the page that opened it and its parents. */
  function findApi() {
    const here = window.parent !== window ? searchUpwards(window.parent) : null;
    if (here) {
      return here;
    }
    try {
      return window.opener ? searchUpwards(window.opener) : null;
    } catch (error) {
      return null;
    }
  }

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

  /* Without a platform: everything works, nothing is kept. */
  const NO_SESSION = {
    connected: false,
    refused: false,
    mode: "browse",
    get: function () { return ""; },
    put: function () {},
    record: function () {},
    save: function () { return true; },
    finish: function () {}
  };

  class Session {
    constructor(api, onSaveResult) {
      this.api = api;
      this.onSaveResult = onSaveResult;
      this.connected = true;
      this.refused = false;
      this.started = Date.now();
      this.finished = false;
      this.waiting = new Map(); // element -> value, in the order in which they were put
      this.sent = new Map();
      this.unsaved = false;
      this.failures = 0;
      this.timer = 0;
      const mode = this.get("cmi.core.lesson_mode");
      this.mode = mode === "review" || mode === "browse" ? mode : "normal"; // a missing mode means normal
      const records = this.get(INTERACTIONS + "_count");
      this.records = records === null || records === "" ? -1 : Number(records); // -1: not kept here
    }

    call(name, first, second) {
      try {
        return String(second === undefined ? this.api[name](first) : this.api[name](first, second));
      } catch (error) {
        return "false";
      }
    }

    /* The value of an element, or null where the platform does not have it. */
    get(element) {
      const value = this.call("LMSGetValue", element);
      return this.call("LMSGetLastError", "") === "0" ? value : null;
    }

    /* Queues a value; nothing is sent that the platform has already. */
    put(element, value) {
      if (this.mode !== "normal" || this.finished) {
        return;
      }
      const text = String(value);
      if (this.sent.get(element) === text) {
        this.waiting.delete(element);
      } else {
        this.waiting.set(element, text);
      }
    }

    /* Queues one interaction: what was asked, answered, and whether it was right. The id goes first. */
    record(interaction) {
      if (this.records < 0) {
        return;
      }
      const path = INTERACTIONS + this.records + ".";
      this.records += 1;
      this.put(path + "id", interaction.id);
      this.put(path + "time", timeOfDay(new Date()));
      this.put(path + "type", interaction.type);
      this.put(path + "correct_responses.0.pattern", interaction.pattern);
      this.put(path + "weighting", interaction.weighting);
      this.put(path + "student_response", interaction.response);
      this.put(path + "result", interaction.right ? "correct" : "wrong");
      this.put(path + "latency", timespan(interaction.milliseconds));
    }

    /* Sends what waits and commits. True when the platform has everything. */
    save() {
      if (this.finished) {
        return true;
      }
      window.clearTimeout(this.timer);
      for (const [element, value] of Array.from(this.waiting)) {
        if (this.call("LMSSetValue", element, value) === "true") {
          this.waiting.delete(element);
          this.sent.set(element, value);
          this.unsaved = true;
        } else if (element.startsWith(INTERACTIONS) && FOR_GOOD.includes(this.call("LMSGetLastError", ""))) {
          this.waiting.delete(element); // an optional part of the standard that this platform does not keep
        }
      }
      if (this.unsaved && this.call("LMSCommit", "") === "true") {
        this.unsaved = false;
      }
      const done = this.waiting.size === 0 && !this.unsaved;
      if (done) {
        this.failures = 0;
      } else {
        const seconds = RETRY_SECONDS[Math.min(this.failures, RETRY_SECONDS.length - 1)];
        this.failures += 1;
        this.timer = window.setTimeout(() => this.save(), seconds * 1000);
      }
      this.onSaveResult(done);
      return done;
    }

    putTime() {
      this.put("cmi.core.session_time", timespan(Date.now() - this.started));
    }

    /* The page is out of sight and may never come back: save, but do not close the session. */
    saveWhileHidden() {
      this.putTime();
      this.save();
    }

    /* The page goes away. `exit` and the time are the last values set. */
    finish(exit) {
      if (this.finished) {
        return;
      }
      window.clearTimeout(this.timer);
      this.sent.delete("cmi.core.exit");
      this.put("cmi.core.exit", exit);
      this.putTime();
      this.save();
      window.clearTimeout(this.timer);
      this.finished = true;
      this.call("LMSFinish", "");
    }
  }

  LmsSync.timespan = timespan;

  /* Opens the session. `onSaveResult(done)` hears after every attempt to save. */
  LmsSync.openSession = function (onSaveResult) {
    const api = findApi();
    if (!api) {
      return NO_SESSION;
    }
    let answer = "false";
    try {
      answer = String(api.LMSInitialize(""));
    } catch (error) {
      // judged below like any other refusal
    }
    return answer === "true" ? new Session(api, onSaveResult) : Object.assign({}, NO_SESSION, { refused: true });
  };
})();
