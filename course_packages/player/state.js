/* What the player remembers of a learner, and its short form for cmi.suspend_data.
 *
 * The form is described in course_packages/learner_state.py, which proves at build time that it fits.
 * What cannot be read is left out; what can be read is kept. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VERSION = "2"; // five fields; version 1 had four
const MOST_TRIES = 15;

/* Five bits to a character, the lowest first. */
function digits(number) {
  let text = "";
  do {
    const rest = Math.floor(number / 32);
    text += ALPHABET[(number % 32) + (rest ? 32 : 0)];
    number = rest;
  } while (number);
  return text;
}

const bytesOf = (text) => new TextEncoder().encode(text);

function encoded(text) {
  return btoa(String.fromCharCode(...bytesOf(text)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

function decoded(text) {
  const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return new TextDecoder().decode(Uint8Array.from(raw, (sign) => sign.charCodeAt(0)));
}

/* The beginning of a text that takes at most so many bytes; no sign is cut in two. */
function cut(text, most) {
  let kept = "";
  let size = 0;
  for (const sign of text) {
    size += bytesOf(sign).length;
    if (size > most) {
      break;
    }
    kept += sign;
  }
  return kept;
}

/* Hands a reader to `readOne` until its characters are used up, or until they make no sense: what came before stands. */
function readEach(text, readOne) {
  let at = 0;
  const take = (count) => {
    at += count;
    if (at > text.length) {
      throw new Error(); // cut
    }
    return text.slice(at - count, at);
  };
  const digit = () => {
    const value = ALPHABET.indexOf(take(1));
    if (value < 0) {
      throw new Error(); // not in the alphabet
    }
    return value;
  };
  const number = () => {
    let sum = 0;
    for (let unit = 1; ; unit *= 32) {
      const value = digit();
      sum += (value % 32) * unit;
      if (value < 32) {
        return sum;
      }
    }
  };
  try {
    while (at < text.length) {
      readOne(take, digit, number);
    }
  } catch (error) {
    // the rest was cut off
  }
}

const byCode = (things, code) => things.find((thing) => thing.code.slice(0, code.length) === code);

const keptOf = (lessons) => lessons.reduce((every, lesson) => every.concat(lesson.kept), []);

class State {
  constructor() {
    this.kept = keptOf(course.lessons);
    this.language = "";
    this.lesson = null; // the id of the lesson last open; "" is the page with the result
    this.opened = new Set();
    this.answers = new Map(); // code of a block -> {tries, firstRight, right, number}
    this.texts = new Map(); // code of a reflection -> its text
  }

  write() {
    const length = course.codeLength;
    const short = (thing) => thing.code.slice(0, length);
    const here = course.lessons.find((lesson) => lesson.id === this.lesson);
    const opened = course.lessons.filter((lesson) => this.opened.has(lesson.id)).map(short).join("");
    const answers = this.kept.filter((kept) => this.answers.has(kept.code)).map((kept) => {
      const answer = this.of(kept);
      const tries = Math.min(answer.tries, MOST_TRIES) + (answer.firstRight ? 16 : 0) + (answer.right ? 32 : 0);
      return short(kept) + kept.shape + ALPHABET[tries] + digits(answer.number);
    }).join("");
    const texts = this.kept.filter((kept) => this.texts.get(kept.code)).map((kept) => {
      const text = encoded(cut(this.texts.get(kept.code), kept.bytes));
      return short(kept) + ALPHABET[Math.floor(text.length / 64)] + ALPHABET[text.length % 64] + text;
    }).join("");
    return [VERSION + length + this.language, here ? short(here) : "", opened, answers, texts].join(".");
  }

  /* Takes over what `text` says. False where it says nothing that can be read. */
  read(text) {
    const fields = String(text).split(".");
    const length = Number(fields[0].charAt(1));
    if (!(length >= 1) || !["14", "25"].includes(fields[0].charAt(0) + fields.length)) {
      return false;
    }
    this.language = fields[0].slice(2);
    const here = fields[1] ? byCode(course.lessons, fields[1]) : null;
    this.lesson = here ? here.id : fields[1] ? null : "";
    readEach(fields[2], (take) => {
      const lesson = byCode(course.lessons, take(length));
      if (lesson) {
        this.opened.add(lesson.id);
      }
    });
    readEach(fields[3], (take, digit, readNumber) => {
      const kept = byCode(this.kept, take(length));
      const shape = take(1);
      const tries = digit();
      const number = readNumber();
      if (kept && !kept.bytes && kept.shape === shape && number < kept.values) {
        const answer = { tries: tries & 15, firstRight: Boolean(tries & 16), right: Boolean(tries & 32), number };
        this.answers.set(kept.code, answer);
      }
    });
    readEach(fields[4] || "", (take, digit) => {
      const kept = byCode(this.kept, take(length));
      const words = take(digit() * 64 + digit());
      if (kept && kept.bytes) {
        this.texts.set(kept.code, decoded(words));
      }
    });
    return true;
  }

  /* What is known of a block: {tries, firstRight, right, number}, or nothing. */
  of(kept) {
    return this.answers.get(kept.code);
  }

  /* A try counts when it is right or no better one was there: the best try decides. */
  answer(kept, number, right) {
    const before = this.of(kept);
    this.answers.set(kept.code, {
      tries: before ? before.tries + 1 : 1,
      firstRight: before ? before.firstRight : right,
      right: right || Boolean(before && before.right),
      number
    });
  }

  /* Where the learner stands, in a scenario or a checklist: no try, only the place. */
  place(kept, number) {
    const before = this.of(kept) || { tries: 0, firstRight: false, right: false };
    this.answers.set(kept.code, Object.assign({}, before, { number }));
  }

  /* Whether a block was answered; a scenario is when an end was reached. */
  answered(kept) {
    const answer = this.of(kept);
    return Boolean(answer && answer.tries);
  }

  /* The lessons that there are in the learner's language. */
  get lessons() {
    return course.lessons.filter((lesson) => this.language in lesson.titles);
  }

  /* Where the learner stands; `score` is whole percent, rounded down so that it never passes too early. */
  standing() {
    const lessons = this.lessons;
    const graded = keptOf(lessons).filter((kept) => kept.graded);
    const answered = graded.filter((kept) => this.answered(kept));
    const right = answered.filter((kept) => this.of(kept).right);
    const passing = course.passing;
    const opened = lessons.filter((lesson) => this.opened.has(lesson.id));
    const allOpened = opened.length === lessons.length;
    const allAnswered = answered.length === graded.length;
    const score = graded.length ? Math.floor((100 * right.length) / graded.length) : null;
    let status = "incomplete";
    if (allOpened && (passing === null || !graded.length)) {
      status = "completed";
    } else if (allOpened && allAnswered) {
      status = score >= passing ? "passed" : "failed";
    }
    return {
      status,
      score,
      allAnswered,
      opened: opened.length,
      lessons: lessons.length,
      graded: graded.length,
      answered: answered.length
    };
  }
}

const state = new State();
