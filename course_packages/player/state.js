/* What the player remembers of a learner, and its short form for cmi.suspend_data.
 *
 * The form is described in course_packages/learner_state.py, which proves at build time that it fits:
 * 1<k><language>.<lesson>.<lessons opened>.<answers>, lessons and checks named by codes made from their
 * ids. What cannot be read is left out; what can be read is kept. */
(function () {
  "use strict";

  const LmsSync = (window.LmsSync = window.LmsSync || {});
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const VERSION = "1";
  const MOST_TRIES = 15;

  function bitsOf(chosen) {
    let text = "";
    let bits = chosen.reduce((sum, position) => sum + Math.pow(2, position), 0);
    do {
      const rest = Math.floor(bits / 32);
      text += ALPHABET[(bits % 32) + (rest ? 32 : 0)];
      bits = rest;
    } while (bits);
    return text;
  }

  /* Reads characters one after the other; throws at the end of a text that was cut. */
  class Reader {
    constructor(text) {
      this.text = text;
      this.at = 0;
    }

    get more() {
      return this.at < this.text.length;
    }

    take(count) {
      if (this.at + count > this.text.length) {
        throw new Error("cut");
      }
      this.at += count;
      return this.text.slice(this.at - count, this.at);
    }

    number() {
      const value = ALPHABET.indexOf(this.take(1));
      if (value < 0) {
        throw new Error("not in the alphabet");
      }
      return value;
    }

    positions() {
      const found = [];
      for (let first = 0; ; first += 5) {
        const value = this.number();
        for (let bit = 0; bit < 5; bit += 1) {
          if (value & (1 << bit)) {
            found.push(first + bit);
          }
        }
        if (value < 32) {
          return found;
        }
      }
    }
  }

  function byCode(things, code) {
    return things.find((thing) => thing.code.slice(0, code.length) === code) || null;
  }

  class State {
    constructor(course) {
      this.course = course;
      this.checks = course.lessons.reduce((all, lesson) => all.concat(lesson.checks), []);
      this.language = "";
      this.lesson = null; // the id of the lesson last open; "" is the page with the result
      this.opened = new Set();
      this.answers = new Map(); // check id -> {tries, firstRight, right, chosen}
    }

    write() {
      const length = this.course.codeLength;
      const short = (thing) => thing.code.slice(0, length);
      const here = this.course.lessons.find((lesson) => lesson.id === this.lesson);
      const opened = this.course.lessons.filter((lesson) => this.opened.has(lesson.id)).map(short).join("");
      const answers = this.checks.filter((check) => this.answers.has(check.id)).map((check) => {
        const answer = this.answers.get(check.id);
        const tries = Math.min(answer.tries, MOST_TRIES) + (answer.firstRight ? 16 : 0) + (answer.right ? 32 : 0);
        return short(check) + check.shape + ALPHABET[tries] + bitsOf(answer.chosen);
      }).join("");
      return VERSION + length + this.language + "." + (here ? short(here) : "") + "." + opened + "." + answers;
    }

    /* Takes over what `text` says. False where it says nothing that can be read. */
    read(text) {
      const fields = String(text).split(".");
      const length = Number(fields[0].charAt(1));
      if (fields.length !== 4 || fields[0].charAt(0) !== VERSION || !(length >= 1)) {
        return false;
      }
      this.language = fields[0].slice(2);
      const here = fields[1] ? byCode(this.course.lessons, fields[1]) : null;
      this.lesson = here ? here.id : fields[1] ? null : "";
      this.readEach(fields[2], (reader) => {
        const lesson = byCode(this.course.lessons, reader.take(length));
        if (lesson) {
          this.opened.add(lesson.id);
        }
      });
      this.readEach(fields[3], (reader) => {
        const check = byCode(this.checks, reader.take(length));
        const shape = reader.take(1);
        const tries = reader.number();
        const chosen = reader.positions();
        if (check && check.shape === shape) {
          this.answers.set(check.id, {
            tries: tries & 15,
            firstRight: Boolean(tries & 16),
            right: Boolean(tries & 32),
            chosen: chosen.filter((position) => position < check.options)
          });
        }
      });
      return true;
    }

    readEach(text, readOne) {
      const reader = new Reader(text);
      try {
        while (reader.more) {
          readOne(reader);
        }
      } catch (error) {
        // the rest was cut off; what came before it stands
      }
    }

    /* A try counts when it is right or no better one was there: the best try decides. */
    answer(check, chosen) {
      const right = chosen.join() === check.right.join();
      const before = this.answers.get(check.id);
      this.answers.set(check.id, {
        tries: before ? before.tries + 1 : 1,
        firstRight: before ? before.firstRight : right,
        right: right || Boolean(before && before.right),
        chosen: chosen
      });
      return right;
    }

    /* Where the learner stands; `score` is whole percent, rounded down so that it never passes too early. */
    standing() {
      const graded = this.checks.filter((check) => check.graded);
      const answered = graded.filter((check) => this.answers.has(check.id));
      const right = graded.filter((check) => this.answers.has(check.id) && this.answers.get(check.id).right);
      const passing = this.course.passing;
      const allOpened = this.course.lessons.every((lesson) => this.opened.has(lesson.id));
      const allAnswered = answered.length === graded.length;
      const score = graded.length ? Math.floor((100 * right.length) / graded.length) : null;
      let status = "incomplete";
      if (allOpened && passing === null) {
        status = "completed";
      } else if (allOpened && allAnswered) {
        status = score >= passing ? "passed" : "failed";
      }
      return {
        status: status,
        score: score,
        allAnswered: allAnswered,
        graded: graded.length,
        answered: answered.length,
        right: right.length
      };
    }
  }

  LmsSync.State = State;
})();
