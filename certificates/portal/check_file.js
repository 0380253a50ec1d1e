// Checks a certificate's PDF where it is: nothing of it leaves this machine. Used by the portal and by the offline page.
// SHA-256 of the whole file, and its PAdES signatures: ByteRange and CMS after ISO 32000-1, 12.8, and RFC 5652.
"use strict";

const CheckFile = (() => {
  const hex = bytes => Array.from(new Uint8Array(bytes), byte => byte.toString(16).padStart(2, "0")).join("");
  const sha256 = async bytes => hex(await crypto.subtle.digest("SHA-256", bytes));

  // --- DER: one element at a time; `from` and `to` enclose it whole, `start` is where its content begins -----------
  function element(bytes, from) {
    let start = from + 2;
    let length = bytes[from + 1];
    if (length > 0x80) {
      const digits = length - 0x80;
      if (digits > 4) throw new Error("length");
      length = 0;
      for (let i = 0; i < digits; i++) length = length * 256 + bytes[start++];
    } else if (length === 0x80) throw new Error("indefinite length");
    const to = start + length;
    if (!(to <= bytes.length)) throw new Error("end");
    return {tag: bytes[from], from, start, to, whole: bytes.subarray(from, to), content: bytes.subarray(start, to), bytes};
  }
  function children(parent) {
    const found = [];
    for (let at = parent.start; at < parent.to;) {
      const one = element(parent.bytes, at);
      found.push(one);
      at = one.to;
    }
    return found;
  }
  const same = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

  const OID = {digest: "2a864886f70d010904", sha256: "608648016503040201"};
  const CURVES = {"2a8648ce3d030107": ["P-256", 32], "2b81040022": ["P-384", 48]};
  const EC = "2a8648ce3d0201";

  // An ECDSA signature as WebCrypto reads it: r and s, each as long as the curve's numbers.
  function plainEcdsa(der, size) {
    const out = new Uint8Array(2 * size);
    children(element(der, 0)).forEach((number, i) => {
      let digits = number.content;
      while (digits.length > size && digits[0] === 0) digits = digits.subarray(1);
      out.set(digits, (i + 1) * size - digits.length);
    });
    return out;
  }

  async function verifiedBy(certificate, signed, signature) {
    const fields = children(children(certificate)[0]);
    const spki = fields[fields[0].tag === 0xa0 ? 6 : 5];
    const kind = children(children(spki)[0]);
    if (hex(kind[0].content) === EC) {
      const [namedCurve, size] = CURVES[hex(kind[1].content)];
      const key = await crypto.subtle.importKey("spki", spki.whole, {name: "ECDSA", namedCurve}, false, ["verify"]);
      return crypto.subtle.verify({name: "ECDSA", hash: "SHA-256"}, key, plainEcdsa(signature, size), signed);
    }
    const rsa = {name: "RSASSA-PKCS1-v1_5", hash: "SHA-256"};
    const key = await crypto.subtle.importKey("spki", spki.whole, rsa, false, ["verify"]);
    return crypto.subtle.verify(rsa.name, key, signature, signed);
  }

  // The SHA-256 of the certificate that has signed these bytes, or null where the signature does not hold.
  async function signedBy(cms, covered) {
    const signedData = children(children(children(element(cms, 0))[1])[0]);
    const certificates = children(signedData.find(one => one.tag === 0xa0));
    const info = children(children(signedData[signedData.length - 1])[0]);
    const attributes = info.find(one => one.tag === 0xa0);
    if (hex(children(info[2])[0].content) !== OID.sha256) return null;
    const digest = children(attributes)
      .map(children)
      .find(([oid]) => hex(oid.content) === OID.digest);
    const computed = new Uint8Array(await crypto.subtle.digest("SHA-256", covered));
    if (!same(children(digest[1])[0].content, computed)) return null;
    const signed = attributes.whole.slice();
    signed[0] = 0x31; // the attributes are signed as the SET that they are (RFC 5652, 5.4)
    const serial = children(info[1])[1];
    const signature = info[info.indexOf(attributes) + 2].content;
    for (const certificate of certificates) {
      const fields = children(children(certificate)[0]);
      if (!same(fields[fields[0].tag === 0xa0 ? 1 : 0].content, serial.content)) continue;
      return (await verifiedBy(certificate, signed, signature)) ? sha256(certificate.whole) : null;
    }
    return null;
  }

  // For each signature the SHA-256 of its seal's certificate, or null where it is broken; and what the first one covers.
  async function signatures(bytes, text) {
    const found = [];
    for (const [, a, b, c, d] of text.matchAll(/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g)) {
      const [first, firstLength, second, secondLength] = [a, b, c, d].map(Number);
      let seal = null;
      try {
        if (first !== 0 || second < firstLength || second + secondLength > bytes.length) throw new Error("range");
        const digits = text.slice(firstLength, second).replace(/[<>\s]/g, "");
        const cms = Uint8Array.from(digits.match(/../g), pair => parseInt(pair, 16));
        const covered = new Uint8Array(firstLength + secondLength);
        covered.set(bytes.subarray(0, firstLength));
        covered.set(bytes.subarray(second, second + secondLength), firstLength);
        seal = await signedBy(cms, covered);
      } catch {
        seal = null;
      }
      found.push({seal, whole: second + secondLength === bytes.length});
    }
    return found;
  }

  // What a file is: whether a PDF, the verification id that it names, its digest, its signatures.
  async function read(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const text = new TextDecoder("latin1").decode(bytes);
    if (!text.startsWith("%PDF-")) return {pdf: false};
    const [, id] = text.match(/\/verify\/([0-9A-HJKMNP-TV-Z]{28})(?![0-9A-Z])/) ?? [];
    return {pdf: true, id, sha256: await sha256(bytes), signatures: await signatures(bytes, text)};
  }

  // The outcome in one word. `known`: {pdf_sha256, seals: [{sha256, subject}]} as the register says.
  function outcome(found, known) {
    if (!found.pdf) return "unreadable";
    if (!found.id || !known?.pdf_sha256) return "not-ours";
    if (found.sha256 === known.pdf_sha256) return "same";
    const ours = new Set((known.seals ?? []).map(seal => seal.sha256));
    const first = found.signatures[0];
    return first && first.seal && ours.has(first.seal) ? "added-to" : "changed";
  }

  // Shows one of the sentences that the page holds, and which seals hold.
  function show(place, word, found, known) {
    place.hidden = false;
    for (const one of place.querySelectorAll("[data-outcome]")) one.hidden = one.dataset.outcome !== word;
    const list = place.querySelector("[data-seals]");
    list.replaceChildren();
    for (const {seal} of found.signatures ?? []) {
      const named = (known?.seals ?? []).find(one => one.sha256 === seal);
      const item = document.createElement("li");
      item.textContent = named ? `✓ ${list.dataset.intact} ${named.subject}` : `✗ ${list.dataset.broken}`;
      list.append(item);
    }
  }

  // Lets people choose or drop a file; `check` gets it.
  function listen(area, check) {
    area.hidden = false;
    const input = area.querySelector("input[type=file]");
    input.addEventListener("change", () => input.files[0] && check(input.files[0]));
    for (const event of ["dragover", "dragenter"]) {
      area.addEventListener(event, happened => {
        happened.preventDefault();
        area.classList.add("over");
      });
    }
    area.addEventListener("dragleave", () => area.classList.remove("over"));
    area.addEventListener("drop", happened => {
      happened.preventDefault();
      area.classList.remove("over");
      const [file] = happened.dataTransfer.files;
      if (file) check(file);
    });
  }

  return {read, outcome, show, listen, sha256};
})();
