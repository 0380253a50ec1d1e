/* Work of one's own: scenarios, exercises, reflections, and whether a page was helpful. */
const TYPING = 1500; // milliseconds without a key before a text is saved

blocks.scenario = function (element, kept) {
  const scenes = all(element, ".scene");
  const byCode = (code) => scenes.find((scene) => scene.dataset.scene === String(code));
  const way = []; // the scenes so far, the last one is open

  function clear(scene) {
    scene.hidden = true;
    scene.classList.remove("over");
    drop(scene, ".said, .mark, .ways");
    all(scene, "button").forEach((each) => {
      each.removeAttribute("aria-disabled");
      each.classList.remove("chosen");
    });
  }

  /* Shows a scene below those before it; where there is nothing to decide any more, the ways back. */
  function open(scene, arrived) {
    way.push(scene);
    element.append(scene);
    scene.hidden = false;
    if (scene !== scenes[0] && (scene.dataset.end || !arrived)) {
      const before = way[way.length - 2];
      scene.append(make("p", { class: "ways" },
        before ? button(words.scenario_back, "link", () => back(before)) : null,
        button(words.scenario_again, "link", () => back(scenes[0]))));
    }
    if (arrived) {
      scene.focus();
      keep(scene);
    }
  }

  /* Everything from this scene on is undone, or all. */
  function back(scene) {
    way.splice(Math.max(0, way.indexOf(scene))).concat(scenes).filter((each) => !way.includes(each)).forEach(clear);
    open(scene, true);
  }

  function keep(scene) {
    const end = scene.dataset.end;
    if (!end) {
      state.place(kept, Number(scene.dataset.scene));
      save();
      return;
    }
    state.answer(kept, Number(scene.dataset.scene), end === "good");
    record(kept, {
      type: "performance",
      pattern: scenes.filter((each) => each.dataset.end === "good").map((each) => each.dataset.id).join(","),
      response: scene.dataset.id,
      right: end === "good",
      result: { good: "correct", fair: "neutral", bad: "wrong" }[end]
    });
  }

  all(element, "[data-to]").forEach((choice) => on(choice, "click", () => {
    const scene = choice.closest(".scene");
    if (scene.classList.contains("over")) {
      return;
    }
    scene.classList.add("over");
    choice.classList.add("chosen");
    choice.append(unseen(words.decided, "mark"));
    all(scene, "button").forEach((each) => set(each, "aria-disabled", true));
    drop(scene, ".ways");
    const feedback = one(choice.parentNode, "template");
    if (feedback) {
      scene.append(make("div", { class: "said" }, feedback.content.cloneNode(true)));
    }
    open(byCode(choice.dataset.to), true);
  }));

  const answer = state.of(kept);
  scenes.forEach(clear);
  open((answer && byCode(answer.number)) || scenes[0]);
};

blocks.exercise = function (element, kept) {
  const points = all(element, ".checklist input");
  const answer = state.of(kept);
  const ticked = () => points.filter((point) => point.checked).map((point) => point.value);
  const tell = () => fill(one(element, ".status"), say("exercise_recorded", { done: ticked().length, all: points.length }));
  points.forEach((point) => {
    point.checked = answer ? hasBit(answer.number, point.value) : false;
    on(point, "change", () => {
      state.place(kept, bits(ticked()));
      save();
    });
  });
  if (answer && answer.tries) {
    tell();
  }
  on(one(element, ".button"), "click", () => {
    state.answer(kept, bits(ticked()), true);
    tell();
    record(kept, { type: "performance", response: ticked().length + "/" + points.length, result: "neutral" });
  });
};

blocks.reflection = function (element, kept) {
  const field = one(element, "textarea");
  const draw = () =>
    fill(one(element, ".left"), say("reflection_left", { n: kept.bytes - bytesOf(field.value).length }));
  field.value = state.texts.get(kept.code) || "";
  on(field, "input", () => {
    const fits = cut(field.value, kept.bytes);
    fill(one(element, "[role=status]"), fits === field.value ? "" : words.reflection_full);
    if (fits !== field.value) {
      field.value = fits;
    }
    state.texts.set(kept.code, fits);
    draw();
    save(TYPING);
  });
  draw();
};

blocks.helpful = function (element, kept) {
  const answer = state.of(kept);
  const reasons = one(element, ".reasons");
  const buttons = all(element, ".yes-no button");
  function draw(no, open) {
    buttons.forEach((each, at) => set(each, "aria-pressed", no === Boolean(at)));
    set(buttons[1], "aria-expanded", open);
    reasons.hidden = !open;
  }
  function send(number, response) {
    state.answer(kept, number, !number);
    draw(number > 0, false);
    fill(one(element, ".status"), words.helpful_thanks);
    record(kept, { id: "helpful_" + kept.id, type: "fill-in", response, result: "neutral" });
  }
  on(buttons[0], "click", () => send(0, "yes"));
  on(buttons[1], "click", () => draw(true, reasons.hidden));
  on(element, "submit", (event) => {
    event.preventDefault();
    const chosen = one(element, "input:checked");
    send(chosen ? Number(chosen.value) : 1, chosen ? "no:" + chosen.dataset.reason : "no");
    buttons[1].focus();
  });
  if (answer) {
    draw(answer.number > 0, false);
    all(element, "input").forEach((input) => (input.checked = Number(input.value) === answer.number));
  }
};
