// Makes and shows passkeys. What is to be signed comes from the console, and what was signed goes back in a form, so that
// every fault but those of the browser itself is the server's to tell.
const FIVE_MINUTES = 300000;

const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const textOf = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const known = (ids) => ids.map((id) => ({ type: "public-key", id: bytesOf(id) }));

class Told extends Error {}

async function ask(place, path, fields) {
  let answer, told;
  try {
    answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" } });
    told = await answer.json();
  } catch {
    throw new Told(place.dataset.failed);
  }
  if (!answer.ok) throw new Told(told.detail || told.title || place.dataset.failed);
  return told;
}

async function make({ challenge, rp_id, user_id, user_name, exclude }) {
  const { response } = await navigator.credentials.create({
    publicKey: {
      challenge: bytesOf(challenge),
      rp: { id: rp_id, name: "agi-app" },
      user: { id: bytesOf(user_id), name: user_name, displayName: user_name },
      pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
      excludeCredentials: known(exclude),
      timeout: FIVE_MINUTES,
    },
  });
  return { client_data: textOf(response.clientDataJSON), attestation: textOf(response.attestationObject) };
}

async function show({ challenge, rp_id, allow }) {
  const { rawId, response } = await navigator.credentials.get({
    publicKey: {
      challenge: bytesOf(challenge),
      rpId: rp_id,
      allowCredentials: known(allow),
      userVerification: "required",
      timeout: FIVE_MINUTES,
    },
  });
  return {
    credential_id: textOf(rawId),
    user_handle: response.userHandle ? textOf(response.userHandle) : "",
    client_data: textOf(response.clientDataJSON),
    authenticator_data: textOf(response.authenticatorData),
    signature: textOf(response.signature),
  };
}

// What the whole page has shown once needs no password any longer.
function proved() {
  for (const fields of document.querySelectorAll("[data-proof]")) {
    fields.hidden = true;
    for (const one of fields.querySelectorAll("input")) one.disabled = true;
  }
  for (const place of document.querySelectorAll("[data-passkey=prove]")) {
    place.querySelector("button").hidden = true;
    place.querySelector(".said").hidden = false;
  }
}

async function send(form, fields) {
  for (const one of form.querySelectorAll("input[type=password], [name=code], [name=recovery]")) one.disabled = true;
  for (const [name, value] of Object.entries(fields)) {
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    form.append(hidden);
  }
  form.submit();
}

async function work(place) {
  const asked = await ask(place, place.dataset.begin, place.matches("form") ? new FormData(place) : {});
  if (place.dataset.passkey === "create") return send(place, await make(asked.create));
  if (place.dataset.passkey === "get") return send(place, await show(asked));
  await ask(place, place.dataset.take, await show(asked.get));
  return proved();
}

for (const place of document.querySelectorAll("[data-passkey]")) {
  const fault = place.querySelector(".fault");
  const tell = (text) => Object.assign(fault, { textContent: text, hidden: !text });
  if (!window.PublicKeyCredential) {
    if (place.dataset.none) tell(place.dataset.none);
    continue;
  }
  place.hidden = false;
  let busy = false;
  const go = async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    tell("");
    try {
      await work(place);
    } catch (error) {
      tell(error instanceof Told ? error.message : place.dataset.cancelled);
    }
    busy = false;
  };
  if (place.matches("form")) place.addEventListener("submit", go);
  else place.querySelector("button").addEventListener("click", go);
}
