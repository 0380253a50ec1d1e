// The portal's start page: a file is read here, and only the verification id that it names is asked about.
"use strict";

(() => {
  const area = document.getElementById("drop");
  if (!area || !window.crypto?.subtle) return; // only on https and on this machine itself
  const result = document.getElementById("file-result");
  const link = result.querySelector("a[data-link]");
  const statuses = result.querySelector("[data-statuses]");

  async function check(file) {
    let found = {pdf: false};
    let known = null;
    let status = null;
    try {
      found = await CheckFile.read(file);
      if (found.id) {
        const ask = async path => (await fetch(path, {headers: {Accept: "application/json"}, cache: "no-store"})).json();
        [known, {status}] = await Promise.all([ask(`/files/${found.id}`), ask(`/verify/${found.id}`)]);
      }
      CheckFile.show(result, CheckFile.outcome(found, known), found, known);
    } catch {
      CheckFile.show(result, "no-answer", found, null);
      status = null;
    }
    const shown = status && status !== "unknown" ? status : null;
    statuses.hidden = !shown;
    for (const one of statuses.querySelectorAll("[data-status]")) one.hidden = one.dataset.status !== shown;
    if (shown) link.href = `/verify/${found.id}?lang=${document.documentElement.lang}`;
    result.focus();
  }
  CheckFile.listen(area, check);
})();
