/* Questions: answers to choose, things to order, things to sort. Each kind reads its form as a number and shows it. */
const upTo = (n) => Array.from({ length: n }, (each, at) => at);
const names = (positions, letters) => positions.map((at) => (letters || "abcdefghijklmnopqrst").charAt(at)).join(",");
const inputs = (form) => all(form, "fieldset input");
const things = (form) => all(form, "[data-item]");
const itemOf = (thing) => Number(thing.dataset.item);
const isAnswered = (form) => form.classList.contains("answered");
const unseen = (text, kind = "") => make("span", { class: "unseen " + kind }, " (" + text + ")");

function mark(element, right) {
  element.classList.add(right ? "right" : "wrong");
  one(element, "label > span, span, label").append(unseen(right ? words.mark_right : words.mark_wrong, "mark"));
}

/* Each kind: read(form, kept) gives a number or null; show(form, kept, number); right(kept, number);
 * judge(form, kept, number) marks the parts; report(kept, number) gives type, pattern and response. */
const CHOICE = {
  missing: "choose_first",
  read: (form) => {
    const chosen = inputs(form).filter((input) => input.checked);
    return chosen.length ? bits(chosen.map((input) => input.value)) : null;
  },
  show: (form, kept, number) => inputs(form).forEach((input) => (input.checked = hasBit(number, input.value))),
  right: (kept, number) => number === bits(kept.right),
  judge: (form, kept) => inputs(form).forEach((input) =>
    input.checked && mark(input.parentNode, kept.right.includes(Number(input.value)))),
  /* Answers are named a, b, c …; the first of a true-false pair is "t". */
  report: (kept, number) => {
    const letters = kept.kind === "truefalse" ? "tf" : "";
    return {
      type: letters ? "true-false" : "choice",
      pattern: names(kept.right, letters),
      response: names(upTo(kept.n).filter((at) => hasBit(number, at)), letters)
    };
  }
};

/* The order of n things that has this rank among all orders; 0 is the right one. */
function orderOf(number, n) {
  const digits = upTo(n).map((base) => {
    const digit = number % (base + 1);
    number = Math.floor(number / (base + 1));
    return digit;
  });
  const left = upTo(n);
  return digits.reverse().map((digit) => left.splice(digit, 1)[0]);
}

function rankOf(order) {
  const left = upTo(order.length);
  return order.reduce((sum, item) => {
    const number = sum * left.length + left.indexOf(item);
    left.splice(left.indexOf(item), 1);
    return number;
  }, 0);
}

const ORDER = {
  read: (form) => rankOf(things(form).map(itemOf)),
  show: (form, kept, number) => orderOf(number, kept.n).forEach((item) =>
    one(form, "ol").append(one(form, '[data-item="' + item + '"]'))),
  right: (kept, number) => number === 0,
  judge: (form) => things(form).forEach((thing, at) => mark(thing, itemOf(thing) === at)),
  report: (kept, number) => ({
    type: "sequencing",
    pattern: names(upTo(kept.n)),
    response: names(orderOf(number, kept.n))
  })
};

const groupOf = (kept, number, item) => Math.floor(number / Math.pow(kept.groups, item)) % kept.groups;
const pairs = (groups) => groups.map((group, item) => names([item]) + "." + (group + 1)).join(",");

const SORT = {
  missing: "sort_first",
  read: (form, kept) => {
    const chosen = things(form).map((thing) => [itemOf(thing), one(thing, "select").value]);
    return chosen.some((pair) => pair[1] === "") ? null :
      chosen.reduce((sum, pair) => sum + pair[1] * Math.pow(kept.groups, pair[0]), 0);
  },
  show: (form, kept, number) => things(form).forEach((thing) =>
    (one(thing, "select").value = groupOf(kept, number, itemOf(thing)))),
  right: (kept, number) => kept.right.every((group, item) => groupOf(kept, number, item) === group),
  judge: (form, kept, number) => things(form).forEach((thing) =>
    mark(thing, groupOf(kept, number, itemOf(thing)) === kept.right[itemOf(thing)])),
  report: (kept, number) => ({
    type: "matching",
    pattern: pairs(kept.right),
    response: pairs(kept.right.map((group, item) => groupOf(kept, number, item)))
  })
};

const KINDS = { single: CHOICE, multiple: CHOICE, truefalse: CHOICE, hotspot: CHOICE, order: ORDER, sort: SORT };

function showAnswer(form, kept, number) {
  const kind = KINDS[kept.kind];
  const right = kind.right(kept, number);
  kind.show(form, kept, number);
  form.classList.add("answered", right ? "right" : "wrong");
  // Locked, and still to be reached and read.
  all(form, "fieldset input, fieldset button, select").forEach((each) => set(each, "aria-disabled", true));
  kind.judge(form, kept, number);
  fill(one(form, ".feedback"), make("p", { class: "verdict" }, right ? words.right : words.wrong),
    ...feedbackParts(form, kept, number));
  fill(one(form, "[type=submit]"), right ? words.again : words.retry);
}

/* Feedback to the chosen answers, with their words where there can be several, then the general one. */
function feedbackParts(form, kept, number) {
  const copy = (key) => {
    const template = one(form, 'template[data-answer="' + key + '"]');
    return template && template.content.cloneNode(true);
  };
  const parts = inputs(form).filter((input) => hasBit(number, input.value)).map((input) => {
    const feedback = copy(input.value);
    if (!feedback || input.type === "radio") {
      return feedback;
    }
    const label = one(input.parentNode, "label > span").cloneNode(true);
    drop(label, ".mark");
    return make("div", { class: "feedback-to" }, make("p", { class: "feedback-answer" }, ...label.childNodes), feedback);
  });
  const general = copy("any");
  return parts.concat(general && make("div", { class: "feedback-all" }, general));
}

function clearAnswer(form) {
  all(form, ".right, .wrong").concat(form).forEach((each) => each.classList.remove("answered", "right", "wrong"));
  all(form, "[aria-disabled]").forEach((each) => each.removeAttribute("aria-disabled"));
  drop(form, ".mark");
  inputs(form).forEach((input) => (input.checked = false));
  all(form, "select").forEach((each) => (each.value = ""));
  fill(one(form, ".feedback"));
  fill(one(form, "[type=submit]"), words.submit);
  one(form, "fieldset input, fieldset button, select").focus();
}

/* The buttons of a thing to order: it changes places with its neighbour, and the focus stays on it. */
function setUpMoving(form) {
  all(form, "[data-move]").forEach((mover) => on(mover, "click", () => {
    const thing = mover.parentNode;
    const up = mover.dataset.move === "-1";
    const other = up ? thing.previousElementSibling : thing.nextElementSibling;
    if (other && !isAnswered(form)) {
      (up ? thing : other).after(up ? other : thing);
      mover.focus();
      const now = things(form);
      fill(one(form, ".moved"),
        say("moved", { item: one(thing, "span").textContent, n: now.indexOf(thing) + 1, all: now.length }));
    }
  }));
}

/* Pointing at a place of a picture chooses its line in the list below. */
function setUpSpots(form) {
  const spots = all(form, ".spot");
  const inputOf = (spot) => one(form, 'input[value="' + spot.dataset.for + '"]');
  spots.forEach((spot) => {
    spot.style.left = spot.dataset.x + "%";
    spot.style.top = spot.dataset.y + "%";
    on(spot, "click", () => inputOf(spot).click());
  });
  return () => spots.forEach((spot) => spot.classList.toggle("chosen", inputOf(spot).checked));
}

function setUpQuestion(form, kept) {
  const kind = KINDS[kept.kind];
  const drawSpots = setUpSpots(form);
  setUpMoving(form);
  const answer = state.of(kept);
  if (answer) {
    showAnswer(form, kept, answer.number);
  }
  drawSpots();
  on(form, "change", drawSpots);
  /* What was answered stays as it was: keys and clicks on a locked answer do nothing. */
  ["click", "keydown", "mousedown"].forEach((name) => on(one(form, "fieldset"), name, (event) => {
    const list = event.target.tagName === "SELECT" && event.key !== "Tab";
    if (isAnswered(form) && (name === "click" || event.key === "Enter" || list)) {
      event.preventDefault();
    }
  }));
  on(form, "submit", (event) => {
    event.preventDefault();
    if (isAnswered(form)) {
      clearAnswer(form);
      drawSpots();
      return;
    }
    const number = kind.read(form, kept);
    if (number === null) {
      fill(one(form, ".feedback"), make("p", { class: "verdict" }, words[kind.missing]));
      return;
    }
    const right = kind.right(kept, number);
    state.answer(kept, number, right);
    showAnswer(form, kept, number);
    record(kept, Object.assign(kind.report(kept, number), { right }));
  });
}

Object.keys(KINDS).forEach((kind) => (blocks[kind] = setUpQuestion));

/* What somebody has begun to answer, to be put back when the lesson is shown anew. */
const begun = (form, kept) => (isAnswered(form) ? null : KINDS[kept.kind].read(form, kept));

function beginAgain(form, kept, number) {
  if (!isAnswered(form) && number !== null) {
    KINDS[kept.kind].show(form, kept, number);
    form.dispatchEvent(new Event("change"));
  }
}
