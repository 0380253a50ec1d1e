// Marks answers as Moodle 4.5 does. Each function takes a question and a response and gives a fraction of the mark, or null where
// Moodle sees no answer (the state "gave up"). The rules are those of grade_response() in question/type/*/question.php; functions
// of this file touch no page, so that tests call them as they are.
"use strict";

const Marking = (() => {
  const EPSILON = 1e-14; // pow(10, -ini_get('precision')) with PHP's own precision

  const clip = (value) => Math.min(1, Math.max(0, value));

  const single = (question, response) => {
    const chosen = response.chosen;
    return Number.isInteger(chosen) ? question.options[chosen].score : null;
  };

  const multiple = (question, response) => {
    const chosen = response.chosen || [];
    return chosen.length ? clip(chosen.reduce((sum, place) => sum + question.options[place].score, 0)) : null;
  };

  // compare_string_with_wildcard(): runs of * are anything but a line break, \* is a star; only the response is trimmed.
  const wildcard = (pattern, caseSensitive) => {
    const bits = pattern.normalize("NFC").split(/(?<!\\)\*+/u);
    const escaped = bits.map((bit) => bit.replaceAll("\\*", "*").replace(/[.*+?^${}()|[\]\\/-]/gu, "\\$&"));
    return new RegExp("^" + escaped.join(".*") + "$", caseSensitive ? "u" : "iu");
  };

  const trim = (text) => text.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/gu, ""); // PHP's trim() leaves other blanks

  const typed = (response) => {
    const text = response.text === undefined || response.text === null ? "" : String(response.text);
    return text === "" ? null : text;
  };

  const shortMatch = (question, response) => {
    const text = typed(response);
    if (text === null) return null;
    const said = trim(text.normalize("NFC"));
    return question.answers.findIndex((answer) => wildcard(answer.pattern, question.caseSensitive).test(said));
  };

  const short = (question, response) => {
    const found = shortMatch(question, response);
    return found === null ? null : found < 0 ? 0 : question.answers[found].score;
  };

  // qtype_numerical_answer_processor::apply_units() for a reader whose decimal sign is `point`; value null where there is no number.
  const number = (text, question) => {
    const point = question.point || ".";
    const separator = question.separator || (point === "," ? "." : ",");
    let said = text.replaceAll(" ", "").replace(/(?:e|E|(?:x|\*|×)10(?:\^|\*\*))([+-]?\d+)/gu, "e$1");
    if (said.includes(".") || said.split(",").length > 2) said = said.replaceAll(",", "");
    else said = said.replaceAll(separator, "").replaceAll(point, ".").replaceAll(",", ".");
    const form = "[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:e[-+]?\\d+)?";
    const match = said.match(new RegExp(question.unitLeft ? form + "$" : "^" + form, "u"));
    if (!match) return { value: null, unit: "" };
    const unit = question.unitLeft ? said.slice(0, said.length - match[0].length) : said.slice(match[0].length);
    return { value: Number(match[0]), unit };
  };

  const within = (answer, value) => {
    if (answer.value === null) return true; // "any"
    const tolerance = answer.tolerance + EPSILON * Math.max(Math.abs(answer.tolerance), Math.abs(answer.value), EPSILON);
    return answer.value - tolerance <= value && value <= answer.value + tolerance;
  };

  const numericalMatch = (question, response) => {
    const text = typed(response);
    if (text === null) return null;
    const found = number(text, question);
    if (found.value === null) return { place: -1, unitRight: false };
    const unit = response.unit !== undefined && response.unit !== null ? response.unit : found.unit;
    const known = (question.units || []).find((one) => one.name === unit);
    const scaled = known ? found.value * known.factor : found.value;
    const place = question.answers.findIndex((answer) => within(answer, scaled) || within(answer, found.value));
    return { place, unitRight: Boolean(known) && place >= 0 && within(question.answers[place], found.value * known.factor) };
  };

  const numerical = (question, response) => {
    const found = numericalMatch(question, response);
    if (found === null) return null;
    if (found.place < 0) return 0;
    const score = question.answers[found.place].score;
    if (found.unitRight || !question.unitPenalty) return score;
    const lost = question.unitPenaltyOf === "question" ? question.unitPenalty : question.unitPenalty * score;
    return Math.max(score - lost, 0);
  };

  const matching = (question, response) => {
    const chosen = response.chosen || [];
    if (!chosen.some((one) => Number.isInteger(one))) return null;
    const said = (place) => question.choices[place]; // two choices that read the same are one
    const right = question.stems.filter((stem, number) => Number.isInteger(chosen[number]) && said(chosen[number]) === said(stem.right));
    return right.length / question.stems.length;
  };

  // --- ordering: question.grading is the word of the quiz file; order lists places of items as the learner left them.

  const followers = (order, withEnd) => {
    const next = new Map();
    order.forEach((item, place) => {
      if (place + 1 < order.length) next.set(item, order[place + 1]);
      else if (withEnd) next.set(item, "end");
    });
    return next;
  };

  const around = (order, all) => order.map((item, place) => ({
    item,
    before: all ? order.slice(0, place) : [place ? order[place - 1] : "none"],
    after: all ? order.slice(place + 1) : [place + 1 < order.length ? order[place + 1] : "none"],
  }));

  const longest = (order, run) => {
    let subsets = [];
    order.forEach((value) => {
      let isNew = true;
      const saved = [];
      subsets.forEach((subset) => {
        const end = subset[subset.length - 1];
        if (value === end + 1) {
          isNew = false;
          subset.push(value);
        } else if (!run && value > end) {
          isNew = false;
          saved.push(subset.slice());
          subset.push(value);
        }
      });
      if (isNew) saved.push([value]);
      subsets = subsets.concat(saved);
    });
    const best = Math.max(1, ...subsets.map((subset) => subset.length));
    return best > 1 ? best : 0;
  };

  const ordering = (question, response) => {
    const order = response.order;
    if (!order) return null;
    const right = order.slice().sort((a, b) => a - b); // of the items that were shown
    const count = (list) => list.filter(Boolean).length;
    const share = (got, of) => (of ? got / of : 0);
    const inPlace = count(right.map((item, place) => order[place] === item));
    switch (question.grading) {
      case "all_or_nothing":
        return inPlace === right.length ? 1 : 0;
      case "position":
        return share(inPlace, right.length);
      case "next":
      case "next_and_end": {
        const wanted = followers(right, question.grading === "next_and_end");
        const given = followers(order, question.grading === "next_and_end");
        return share(count([...wanted].map(([item, next]) => given.get(item) === next)), wanted.size);
      }
      case "neighbours":
      case "all_before_and_after": {
        const all = question.grading === "all_before_and_after";
        const given = new Map(around(order, all).map((one) => [one.item, one]));
        let got = 0;
        let of = 0;
        around(right, all).forEach((one) => {
          const other = given.get(one.item);
          got += count(one.before.map((item) => other.before.includes(item))) + count(one.after.map((item) => other.after.includes(item)));
          of += one.before.length + one.after.length;
        });
        return share(got, of);
      }
      case "longest_ordered":
      case "longest_run": {
        const places = order.map((item) => right.indexOf(item));
        return share(longest(places, question.grading === "longest_run"), order.length);
      }
      case "distance": {
        const most = right.length - 1;
        const got = right.reduce((sum, item, place) => sum + Math.max(0, most - Math.abs(place - order.indexOf(item))), 0);
        return share(got, most * right.length);
      }
      default:
        return 0;
    }
  };

  // Gaps and places on an image: question.gaps has the right word of each; two words that read the same are not one here.
  const gaps = (question, response) => {
    const chosen = response.chosen || [];
    if (!chosen.some((one) => Number.isInteger(one))) return null;
    return question.gaps.filter((right, number) => chosen[number] === right).length / question.gaps.length;
  };

  // --- markers on an image: response.points has, for each marker, the points where it was put.

  const inZone = (zone, x, y) => {
    const at = zone.at;
    if (zone.shape === "circle") return Math.hypot(x - at[0][0], y - at[0][1]) <= at[1][0];
    if (zone.shape === "rectangle") return x >= at[0][0] && x <= at[0][0] + at[1][0] && y >= at[0][1] && y <= at[0][1] + at[1][1];
    let around = 0; // the winding number; a point on the edge lies within
    for (let place = 0; place < at.length; place += 1) {
      const [fromX, fromY] = at[place];
      const [toX, toY] = at[(place + 1) % at.length];
      const side = (toX - fromX) * (y - fromY) - (x - fromX) * (toY - fromY);
      const up = fromY <= y && toY >= y;
      const down = fromY > y && toY <= y;
      if ((up || down) && side === 0) return true;
      if (up && side > 0) around += 1;
      if (down && side < 0) around -= 1;
    }
    return around !== 0;
  };

  // A marker counts for one zone, zones with the fewest hits choose first, and every marker beyond the zones costs.
  const markers = (question, response) => {
    const points = response.points || [];
    const placed = points.reduce((sum, own) => sum + own.length, 0);
    if (!placed) return null;
    const hits = question.zones.map((zone) => (points[zone.marker] || [])
      .map(([x, y], number) => (inZone(zone, Math.round(x), Math.round(y)) ? `${zone.marker} ${number}` : ""))
      .filter(Boolean));
    const taken = new Set();
    hits.filter((own) => own.length).sort((a, b) => a.length - b.length).forEach((own) => {
      const free = own.find((one) => !taken.has(one));
      if (free) taken.add(free);
    });
    return taken.size / Math.max(question.zones.length, placed);
  };

  const blank = (one, response) => {
    if (one.kind === "number") return numerical(one, response);
    if (one.kind === "text") return short(one, response);
    return one.kind === "several" ? multiple(one, response) : single(one, response);
  };

  const cloze = (question, response) => {
    const given = response.blanks || [];
    const marks = question.blanks.map((one, number) => blank(one, given[number] || {}));
    if (marks.every((mark) => mark === null)) return null;
    const of = question.blanks.reduce((sum, one) => sum + one.weight, 0);
    return of ? question.blanks.reduce((sum, one, number) => sum + (marks[number] || 0) * one.weight, 0) / of : null;
  };

  const rules = { single, multiple, truefalse: single, short, numerical, matching, ordering, gaps, cloze, dragimage: gaps, dragmarkers: markers };

  // The fraction for a response: null for none, undefined where a person marks, or where this page cannot.
  const mark = (question, response) => (rules[question.type] ? rules[question.type](question, response) : undefined);

  // question_state::graded_state_for_fraction()
  const state = (fraction) => {
    if (fraction === undefined) return "open";
    if (fraction === null) return "none";
    return fraction > 0.999999 ? "right" : fraction < 0.000001 ? "wrong" : "partial";
  };

  return { mark, state, number, shortMatch, numericalMatch, blank };
})();

if (typeof module !== "undefined") module.exports = Marking;
