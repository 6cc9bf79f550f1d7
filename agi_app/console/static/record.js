// Records from the microphone into the file field of the form, as a WAV file. Where a browser gives no microphone the
// page says why; choosing a file works without this.
const form = document.querySelector("[data-record]");
const MOST_S = 80;

function wav(chunks, rate) {
  const count = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, word) => [...word].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * count, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const chunk of chunks) for (const value of chunk) {
    view.setInt16(at, Math.round(Math.max(-1, Math.min(1, value)) * 32767), true);
    at += 2;
  }
  return view.buffer;
}

function setUp() {
  const place = form.querySelector(".recorder");
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  place.append(told);
  if (!isSecureContext) { told.textContent = form.dataset.insecure; return; }
  if (!navigator.mediaDevices || !window.AudioWorkletNode) { told.textContent = form.dataset.none; return; }
  const button = document.createElement("button");
  const hear = document.createElement("button");
  for (const one of [button, hear]) { one.type = "button"; one.className = "plain"; }
  button.textContent = form.dataset.start;
  hear.textContent = form.dataset.hear;
  hear.hidden = true;
  place.prepend(button, " ", hear);
  let stop = null;
  let kept = null;

  async function record() {
    let stream;
    try {
      const sound = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      stream = await navigator.mediaDevices.getUserMedia({ audio: sound });
    } catch { told.textContent = form.dataset.denied; return; }
    const context = new AudioContext();
    await context.audioWorklet.addModule(document.querySelector("script[data-recorder]").dataset.recorder);
    const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
    const chunks = [];
    let length = 0;
    node.port.onmessage = ({ data }) => {
      chunks.push(data);
      length += data.length;
      const words = `${form.dataset.running} ${Math.floor(length / context.sampleRate)} s`;
      if (told.textContent !== words) told.textContent = words;
      if (length > MOST_S * context.sampleRate && stop) stop();
    };
    context.createMediaStreamSource(stream).connect(node);
    button.textContent = form.dataset.stop;
    stop = async () => {
      stop = null;
      for (const track of stream.getTracks()) track.stop();
      kept = { samples: chunks, rate: context.sampleRate };
      await context.close();
      const files = new DataTransfer();
      files.items.add(new File([wav(chunks, kept.rate)], form.dataset.name, { type: "audio/wav" }));
      form.querySelector("[name=sound]").files = files.files;
      button.textContent = form.dataset.start;
      told.textContent = `${(length / kept.rate).toFixed(1)} s`;
      hear.hidden = false;
    };
  }

  button.addEventListener("click", () => (stop ? stop() : record()));
  hear.addEventListener("click", () => {
    const context = new AudioContext();
    const buffer = context.createBuffer(1, Math.max(1, kept.samples.reduce((sum, one) => sum + one.length, 0)), kept.rate);
    let at = 0;
    for (const chunk of kept.samples) { buffer.copyToChannel(chunk, 0, at); at += chunk.length; }
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.onended = () => context.close();
    source.start();
  });
}

if (form) setUp();
