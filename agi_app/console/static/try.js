// A tried call: what was heard last plays by itself, one after the other, and keys of the keyboard press those here.
const sounds = [...document.querySelectorAll("[data-call] .last audio")];
sounds.forEach((sound, n) => sound.addEventListener("ended", () => sounds[n + 1] && sounds[n + 1].play().catch(() => {})));
if (sounds.length && document.querySelector("[name=done]").value) sounds[0].play().catch(() => {});  // a browser may forbid it

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const key = [...document.querySelectorAll(".keypad button")].find((button) => button.value === event.key);
  if (!key) return;
  event.preventDefault();
  key.click();
});
const last = document.querySelector("[data-call] .last");
if (document.querySelector("[name=done]").value) last.scrollIntoView({ block: "nearest" });
