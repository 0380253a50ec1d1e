
// The offline page: what the register said at one moment, signed by the issuer; nothing is asked of any network.
(() => {
  const holder = document.getElementById("list");
  const list = JSON.parse(holder.textContent);
  const OLD = 30; // days

  const age = document.getElementById("age");
  const days = Math.max(0, Math.floor((Date.now() - Date.parse(list.made_at)) / 86400000));
  const spoken = new Intl.NumberFormat(document.documentElement.lang, {style: "unit", unit: "day", unitDisplay: "long"});
  for (const one of age.querySelectorAll("[data-age]")) {
    one.hidden = (one.dataset.age === "old") !== days > OLD;
    one.querySelector("[data-days]").textContent = spoken.format(days);
  }

  async function signature() {
    const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    try {
      const key = await crypto.subtle.importKey("raw", bytes(holder.dataset.key), "Ed25519", false, ["verify"]);
      const signed = new TextEncoder().encode(holder.textContent);
      return (await crypto.subtle.verify("Ed25519", key, bytes(holder.dataset.signature), signed)) ? "good" : "bad";
    } catch {
      return "unknown"; // a browser that does not know Ed25519
    }
  }

  // The words for a certificate; an end is over after its last day.
  function statusOf(award) {
    if (!award) return "unknown";
    const today = new Date();
    const local = [today.getFullYear(), today.getMonth() + 1, today.getDate()].map(n => String(n).padStart(2, "0")).join("-");
    const over = award.until !== null && local > award.until;
    return over && (award.status === "valid" || award.status === "suspended") ? "expired" : award.status;
  }
  const find = async id => list.awards[await CheckFile.sha256(new TextEncoder().encode(id))];
  const named = award => award && {
    pdf_sha256: award.pdf,
    seals: award.seals.map(sha256 => ({sha256, subject: list.seals[sha256]}))
  };

  async function checkId() {
    const typed = document.getElementById("id").value.toUpperCase().replace(/[\s\u2010-\u2013-]/g, "");
    const award = await find(typed.replace(/O/g, "0").replace(/[IL]/g, "1"));
    const place = document.getElementById("id-result");
    place.hidden = false;
    for (const one of place.querySelectorAll("[data-status]")) one.hidden = one.dataset.status !== statusOf(award);
    const known = place.querySelector("[data-known]");
    known.hidden = !award;
    if (award) {
      known.querySelector("[data-number]").textContent = award.number;
      known.querySelector("[data-on]").textContent = award.on;
    }
  }

  async function checkFile(file) {
    const result = document.getElementById("file-result");
    const found = await CheckFile.read(file);
    const award = found.id ? await find(found.id) : undefined;
    const known = named(award);
    CheckFile.show(result, CheckFile.outcome(found, known), found, known);
    const statuses = result.querySelector("[data-statuses]");
    statuses.hidden = !award;
    statuses.querySelector("[data-link]").hidden = true;
    for (const one of statuses.querySelectorAll("[data-status]")) one.hidden = one.dataset.status !== statusOf(award);
    result.focus();
  }

  signature().then(word => {
    for (const one of age.querySelectorAll("[data-signature]")) one.hidden = one.dataset.signature !== word;
    if (word === "bad") return; // a list that somebody changed answers nothing
    const byId = document.getElementById("by-id");
    byId.hidden = false;
    byId.querySelector("button").addEventListener("click", checkId);
    byId.querySelector("input").addEventListener("keydown", event => event.key === "Enter" && checkId());
    CheckFile.listen(document.getElementById("drop"), checkFile);
  });
})();
