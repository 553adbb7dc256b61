"use strict";
// The one thing that a page cannot do without a script: ask the browser for a passkey.
// The form's `data-passkey` says `create` or `get`, `data-options` what for. What the
// browser answers goes into the form's field `answer`, and the form is sent.

const bytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
};
const text = (buffer) => {
  let plain = "";
  for (const one of new Uint8Array(buffer)) plain += String.fromCharCode(one);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};

const asked = (options) => {
  const publicKey = Object.assign({}, options, { challenge: bytes(options.challenge) });
  if (options.user) {
    publicKey.user = Object.assign({}, options.user, { id: bytes(options.user.id) });
  }
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    publicKey[name] = (options[name] || []).map((one) =>
      Object.assign({}, one, { id: bytes(one.id) }));
  }
  return { publicKey };
};

const told = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "authenticatorData", "signature", "attestationObject"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
  });
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const trouble = form.querySelector("[data-trouble]");
  form.addEventListener("submit", async (event) => {
    if (event.submitter && event.submitter.name === "trainee") return;
    event.preventDefault();
    trouble.hidden = true;
    try {
      const wish = asked(JSON.parse(form.dataset.options));
      const credential = form.dataset.passkey === "create"
        ? await navigator.credentials.create(wish)
        : await navigator.credentials.get(wish);
      form.elements.answer.value = told(credential);
    } catch (error) {
      trouble.hidden = false;
      trouble.focus();
      return;
    }
    form.submit();
  });
}
