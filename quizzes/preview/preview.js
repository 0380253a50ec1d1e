// The page of the preview: draws, shuffles, reads what was answered, and shows what `Marking` says. Nothing is kept or sent.
"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  const shuffled = (list) => {
    const mixed = list.slice();
    for (let last = mixed.length - 1; last > 0; last -= 1) {
      const other = Math.floor(Math.random() * (last + 1));
      [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
    }
    return mixed;
  };

  // Which questions stand where, as an attempt would get them: fixed ones first, then draws from what is left.
  const drawn = () => {
    const used = new Set(data.slots.filter((slot) => slot.use !== undefined).map((slot) => slot.use));
    return data.slots.flatMap((slot) => {
      if (slot.use !== undefined) return [{ question: slot.use, points: slot.points }];
      const left = shuffled(slot.pool.filter((one) => !used.has(one))).slice(0, slot.draw);
      left.forEach((one) => used.add(one));
      return left.map((question) => ({ question, points: slot.points }));
    });
  };

  const response = (form, rules) => {
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    switch (form.dataset.control) {
      case "radio":
      case "truefalse":
        return { chosen: value("a") === "" ? null : Number(value("a")) };
      case "checkbox":
        return { chosen: [...form.querySelectorAll("input:checked")].map((one) => Number(one.value)) };
      case "menus":
        return { chosen: [...form.querySelectorAll("[data-option] select")].reduce((chosen, menu) => {
          const place = rules.choices.indexOf(menu.value);
          chosen[Number(menu.closest("[data-option]").dataset.option)] = place < 0 ? null : place;
          return chosen;
        }, []) };
      case "order": {
        const rows = [...form.querySelectorAll("[data-option]:not([hidden])")].map((row) => [Number(row.querySelector("select").value), Number(row.dataset.option)]);
        const places = new Set(rows.map(([place]) => place));
        return { order: places.has(0) || places.size < rows.length ? null : rows.sort((a, b) => a[0] - b[0]).map(([, item]) => item) };
      }
      case "fields":
        return rules.type === "cloze" ? { blanks: rules.blanks.map((one, number) => blank(form, one, number)) } : menus(form);
      case "places":
        return menus(form);
      case "markers":
        return { points: Array.from({ length: rules.markers }, (_, marker) => placedMarkers(form).filter((one) => one.marker === marker).map((one) => one.at)) };
      default:
        return { text: value("a"), unit: form.elements.u ? value("u") : undefined };
    }
  };

  // Rows whose two numbers are filled in; beside typing, a click on the picture fills those of the row that was looked at last.
  const placedMarkers = (form) => [...form.querySelectorAll("[data-marker]")].map((row) => {
    const [x, y] = [...row.querySelectorAll("input")].map((input) => input.value);
    return { row, marker: Number(row.dataset.marker), at: x === "" || y === "" ? null : [Number(x), Number(y)] };
  }).filter((one) => one.at);

  const drawMarkers = (form) => {
    const picture = form.querySelector(".picture");
    const image = picture.querySelector("img");
    picture.querySelectorAll(".pin").forEach((pin) => pin.remove());
    placedMarkers(form).forEach(({ row, at }) => {
      const pin = document.createElement("span");
      pin.className = "pin";
      pin.setAttribute("aria-hidden", "true");
      pin.textContent = row.querySelector("[data-name]").textContent;
      pin.style.left = `${(100 * at[0]) / (image.naturalWidth || 1)}%`;
      pin.style.top = `${(100 * at[1]) / (image.naturalHeight || 1)}%`;
      picture.append(pin);
    });
  };

  document.querySelectorAll('[data-control="markers"]').forEach((form) => {
    const rows = [...form.querySelectorAll("[data-marker]")];
    const image = form.querySelector(".picture img");
    let current = rows[0];
    const choose = (row) => {
      current = row;
      rows.forEach((one) => one.classList.toggle("current", one === row));
    };
    choose(current);
    rows.forEach((row) => row.addEventListener("focusin", () => choose(row)));
    form.addEventListener("input", () => drawMarkers(form));
    form.addEventListener("reset", () => setTimeout(() => drawMarkers(form), 0));
    image.addEventListener("click", (event) => {
      const box = image.getBoundingClientRect();
      const [x, y] = current.querySelectorAll("input");
      x.value = Math.round(((event.clientX - box.left) * image.naturalWidth) / box.width);
      y.value = Math.round(((event.clientY - box.top) * image.naturalHeight) / box.height);
      choose(rows.find((row) => row.querySelector("input").value === "") || current);
      drawMarkers(form);
    });
  });

  // Of an order that shows some of its items: which, as Moodle takes them.
  const someOf = (count, rules) => {
    const all = Array.from({ length: count }, (_, place) => place);
    if (!rules || !rules.show) return all;
    const first = Math.floor(Math.random() * (count - rules.show + 1));
    return rules.together ? all.slice(first, first + rules.show) : shuffled(all).slice(0, rules.show);
  };

  const fields = (form, number) => [...form.querySelectorAll(`[data-field="${number}"]`)];

  const menus = (form) => {
    const chosen = [];
    form.querySelectorAll("select[data-field]").forEach((menu) => { chosen[Number(menu.dataset.field)] = menu.value === "" ? null : Number(menu.value); });
    return { chosen };
  };

  const blank = (form, one, number) => {
    const own = fields(form, number);
    if (one.kind === "several") return { chosen: own.filter((box) => box.checked).map((box) => Number(box.value)) };
    if (one.kind === "single") return { chosen: own[0].value === "" ? null : Number(own[0].value) };
    return { text: own[0].value };
  };

  const chosenFeedback = (form, rules, given) => {
    if (form.dataset.control === "text") return [Marking.shortMatch(rules, given)];
    if (form.dataset.control === "number") return [(Marking.numericalMatch(rules, given) || { place: -1 }).place];
    if (["fields", "places", "order", "markers"].includes(form.dataset.control)) return [];
    return Array.isArray(given.chosen) ? given.chosen : [given.chosen];
  };

  document.querySelectorAll("[data-main]").forEach((main) => {
    const language = main.dataset.main;
    const words = data.words[language];
    const rules = data.rules[language];
    const format = (value) => value.toFixed(2).replace(".", words.point); // not every browser knows Albanian numbers
    const said = (template, got, of) => template.replace("%1", format(got)).replace("%2", format(of));
    const form = (number) => main.querySelector(`[data-question="${number}"]`);
    let order = [];

    const clear = (one) => {
      one.reset();
      one.classList.remove("right", "partial", "wrong", "none", "open");
      one.querySelector("[data-result]").textContent = "";
      one.querySelectorAll("[data-feedback], [data-combined], [data-general]").forEach((part) => { part.hidden = true; });
      delete one.dataset.got;
    };

    const check = (one) => {
      const number = Number(one.dataset.question);
      const place = order.find((slot) => slot.question === number);
      if (!place || ["none", "unmarked"].includes(one.dataset.control)) return;
      const rule = rules[number];
      const given = rule ? response(one, rule) : {};
      const fraction = rule ? Marking.mark(rule, given) : undefined;
      const state = Marking.state(fraction);
      one.classList.remove("right", "partial", "wrong", "none", "open");
      one.classList.add(state);
      one.dataset.got = fraction || 0;
      const told = state === "open" ? "" : " " + said(words.mark, (fraction || 0) * place.points, place.points);
      one.querySelector("[data-result]").textContent = words[state] + told;
      const chosen = state === "open" || state === "none" ? [] : chosenFeedback(one, rule, given);
      one.querySelectorAll("[data-feedback]").forEach((part) => { part.hidden = !chosen.includes(Number(part.dataset.feedback)); });
      const kind = { right: "correct", partial: "partial", wrong: "incorrect", none: "incorrect" }[state];
      one.querySelectorAll("[data-combined]").forEach((part) => { part.hidden = part.dataset.combined !== kind; });
      one.querySelectorAll("[data-general]").forEach((part) => { part.hidden = false; });
    };

    const begin = () => {
      order = drawn();
      main.querySelectorAll(".question").forEach((one) => { clear(one); one.hidden = true; });
      const list = main.querySelector(".questions");
      let number = 0;
      order.forEach((slot) => {
        const one = form(slot.question);
        one.hidden = false;
        list.append(one);
        if (one.dataset.control !== "none") number += 1;
        one.querySelector("[data-number]").textContent = one.dataset.control === "none" ? "" : `${number}.`;
        const points = one.querySelector("[data-points]");
        if (points) points.textContent = format(slot.points);
        if (one.dataset.control === "markers" || (one.dataset.shuffle === undefined && one.dataset.control !== "order")) return;
        const options = [...one.querySelectorAll("[data-option]")];
        if (one.dataset.control === "order") {
          const there = someOf(options.length, rules[slot.question]);
          options.forEach((option) => {
            option.hidden = !there.includes(Number(option.dataset.option));
            option.querySelectorAll("option").forEach((choice, place) => { choice.hidden = place > there.length; choice.disabled = choice.hidden; });
          });
        }
        shuffled(options).forEach((option) => option.parentElement.append(option));
      });
      main.querySelector("[data-total]").textContent = "";
    };

    main.addEventListener("submit", (event) => { event.preventDefault(); check(event.target); });
    main.querySelector("[data-again]").addEventListener("click", begin);
    main.querySelector("[data-keys]").addEventListener("change", (event) => {
      main.querySelectorAll("[data-key]").forEach((one) => { one.hidden = !event.target.checked; });
    });
    main.querySelector("[data-finish]").addEventListener("click", () => {
      order.forEach((slot) => check(form(slot.question)));
      const marked = order.filter((slot) => rules[slot.question]);
      const got = marked.reduce((sum, slot) => sum + Number(form(slot.question).dataset.got || 0) * slot.points, 0);
      const of = marked.reduce((sum, slot) => sum + slot.points, 0);
      const total = main.querySelector("[data-total]");
      total.textContent = `${words.total} ${said(words.mark, got, of)}`;
      total.scrollIntoView({ block: "nearest" });
    });
    begin();
  });

  document.querySelectorAll("[data-language]").forEach((button) => {
    button.addEventListener("click", () => {
      const language = button.dataset.language;
      document.documentElement.lang = language;
      document.querySelectorAll("[data-main]").forEach((main) => { main.hidden = main.dataset.main !== language; });
      document.querySelectorAll("[data-language]").forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
    });
  });
})();
