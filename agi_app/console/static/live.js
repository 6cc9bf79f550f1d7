// One stream for all tabs of a browser: it asks for the parts that any of them shows.
const tabs = new Map();
let source = null;
let asked = "";

function follow() {
  const parts = [...new Set([...tabs.values()].flat())].sort().join(",");
  if (parts === asked) return;
  asked = parts;
  if (source) source.close();
  source = null;
  if (!parts) return;
  source = new EventSource(`/live?parts=${parts}`);
  source.addEventListener("part", (event) => tell({ kind: "part", ...JSON.parse(event.data) }));
  source.addEventListener("signed-out", () => { asked = ""; source.close(); tell({ kind: "signed-out" }); });
  source.onerror = () => {
    tell({ kind: "away" });
    if (source.readyState === EventSource.CLOSED) { asked = ""; setTimeout(follow, 5000); }
  };
}

function tell(message) {
  for (const [port, parts] of tabs) if (message.kind !== "part" || parts.includes(message.name)) port.postMessage(message);
}

onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data.parts.length) tabs.set(port, data.parts); else tabs.delete(port);
    follow();
  };
};
