// Keeps live parts of a page fresh, and tells the server the reader's zone. Pages work without it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`agi_app_zone=${encodeURIComponent(zone)}`)) {
  document.cookie = `agi_app_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
}

// A page that waits for a worker looks again by itself, less and less often.
const again = document.querySelector("[data-again] a");
const asked = `asked ${location.pathname}${location.search}`;
if (again) {
  const times = Number(sessionStorage.getItem(asked)) || 0;
  sessionStorage.setItem(asked, times + 1);
  setTimeout(() => { if (again.isConnected) location.replace(again.href); }, Math.min(1500 * 2 ** times, 30000));
} else sessionStorage.removeItem(asked);

const live = new Map();
for (const place of document.querySelectorAll("[data-live]")) live.set(place.dataset.live, place);
const stale = document.querySelector(".stale");

const parts = (place, which) => [...place.querySelectorAll(which)];

function show({ kind, name, html }) {
  if (kind === "signed-out") location.href = `/sign-in?said=ended&next=${encodeURIComponent(location.pathname + location.search)}`;
  if (stale) stale.hidden = kind !== "away";
  const place = live.get(name);
  if (kind !== "part" || !place || place.contains(document.activeElement) && document.activeElement.closest("form")) return;
  const at = parts(place, "a, [tabindex]").indexOf(document.activeElement);
  const scrolled = parts(place, ".wide").map((one) => one.scrollLeft);
  place.innerHTML = html;
  parts(place, ".wide").forEach((one, n) => { one.scrollLeft = scrolled[n] || 0; });
  if (at >= 0) parts(place, "a, [tabindex]")[at]?.focus({ preventScroll: true });
}

if (live.size) {
  const names = [...live.keys()];
  const file = document.querySelector("script[data-worker]").dataset.worker;
  if (window.SharedWorker) {
    const { port } = new SharedWorker(file, { name: "agi-app live" });
    port.onmessage = (event) => show(event.data);
    port.postMessage({ parts: names });
    addEventListener("pagehide", () => port.postMessage({ parts: [] }));
    addEventListener("pageshow", (event) => event.persisted && port.postMessage({ parts: names }));
  } else {
    // One stream a page, only while somebody looks: a browser has six connections to one host.
    let source = null;
    const look = () => {
      if (source) source.close();
      source = null;
      if (document.visibilityState !== "visible") return;
      source = new EventSource(`/live?parts=${names.join(",")}`);
      source.addEventListener("part", (event) => show({ kind: "part", ...JSON.parse(event.data) }));
      source.addEventListener("signed-out", () => show({ kind: "signed-out" }));
      source.onerror = () => show({ kind: "away" });
    };
    document.addEventListener("visibilitychange", look);
    look();
  }
}
