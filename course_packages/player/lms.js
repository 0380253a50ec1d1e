/* The session with whoever keeps the learner's record: a learning platform, or the browser itself.
 *
 * One beginning, one end, nothing after it. Values wait in a queue until the platform has taken them; only
 * what has changed is sent. A failed save is kept and tried again, and the page is told. Leaving is noticed
 * by pagehide and visibilitychange: browsers no longer run unload handlers reliably.
 *
 * The player speaks in the elements of SCORM 1.2 and of one more, "progress" (0 to 1). The adapter that
 * stands behind this file in the package says them in its platform's words: LmsSync.connect() gives
 *   null where there is no platform, {refused: true} where it does not begin a session, or
 *   mode            "normal", "review" or "browse"
 *   records         the number of interactions that are kept, -1 where none are
 *   get(element)    its value, or null
 *   say(element, value)  what is to be sent for it: a list of [platform's element, value]
 *   interaction(index, one)  the same for an interaction
 *   set(element, value)  whether it was taken;  hopeless()  whether a second try mends what was not
 *   commit()        whether everything is kept;  finish()  the end */
(function () {
  "use strict";

  const LmsSync = (window.LmsSync = window.LmsSync || {});
  const RETRY_SECONDS = [5, 10, 20, 40, 60];
  const MOST_LEVELS = 500;

  function apiOf(frame, name) {
    try {
      return frame[name] || null;
    } catch (error) {
      return null; // a frame of another site
    }
  }

  function searchUpwards(frame, name) {
    for (let level = 0; frame && level < MOST_LEVELS; level += 1) {
      const api = apiOf(frame, name);
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
  LmsSync.findApi = function (name) {
    const here = window.parent !== window ? searchUpwards(window.parent, name) : null;
    if (here) {
      return here;
    }
    try {
      return window.opener ? searchUpwards(window.opener, name) : null;
    } catch (error) {
      return null;
    }
  };

  /* Calls a function of the platform; its answer as text, "false" where it breaks. */
  LmsSync.callApi = function (api, name, ...values) {
    try {
      return String(api[name](...values));
    } catch (error) {
      return "false";
    }
  };

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
    constructor(platform, onSaveResult) {
      this.platform = platform;
      this.onSaveResult = onSaveResult;
      this.connected = true;
      this.refused = false;
      this.mode = platform.mode;
      this.started = Date.now();
      this.finished = false;
      this.waiting = new Map(); // element -> value, in the order in which they were put
      this.sent = new Map();
      this.optional = new Set(); // elements that a platform may not keep
      this.unsaved = false;
      this.failures = 0;
      this.timer = 0;
      this.records = platform.records;
    }

    /* The value of an element, or null where the platform does not have it. */
    get(element) {
      return this.platform.get(element);
    }

    /* Queues a value; nothing is sent that the platform has already. */
    put(element, value) {
      this.platform.say(element, String(value)).forEach((pair) => this.queue(...pair));
    }

    queue(element, text) {
      if (this.mode !== "normal" || this.finished) {
        return;
      }
      if (this.sent.get(element) === text) {
        this.waiting.delete(element);
      } else {
        this.waiting.set(element, text);
      }
    }

    /* Queues one interaction: what was asked, answered, and whether it was right. */
    record(interaction) {
      if (this.records < 0) {
        return;
      }
      this.platform.interaction(this.records, interaction).forEach(([element, value]) => {
        this.optional.add(element);
        this.queue(element, String(value));
      });
      this.records += 1;
    }

    /* Sends what waits and commits. True when the platform has everything. */
    save() {
      if (this.finished) {
        return true;
      }
      window.clearTimeout(this.timer);
      for (const [element, value] of Array.from(this.waiting)) {
        if (this.platform.set(element, value)) {
          this.waiting.delete(element);
          this.sent.set(element, value);
          this.unsaved = true;
        } else if (this.optional.has(element) && this.platform.hopeless()) {
          this.waiting.delete(element); // an optional part of the standard that this platform does not keep
        }
      }
      if (this.unsaved && this.platform.commit()) {
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
      this.put("cmi.core.session_time", Date.now() - this.started);
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
      this.platform.say("cmi.core.exit", exit).forEach((pair) => this.sent.delete(pair[0]));
      this.put("cmi.core.exit", exit);
      this.putTime();
      this.save();
      window.clearTimeout(this.timer);
      this.finished = true;
      this.platform.finish();
    }
  }

  /* Opens the session. `onSaveResult(done)` hears after every attempt to save. */
  LmsSync.openSession = function (onSaveResult) {
    const platform = LmsSync.connect();
    if (!platform) {
      return NO_SESSION;
    }
    return platform.refused ? Object.assign({}, NO_SESSION, { refused: true }) : new Session(platform, onSaveResult);
  };
})();
