// Runs beside the page's own thread: passes on what the microphone gives, some of it at a time.
registerProcessor("recorder", class extends AudioWorkletProcessor {
  process([input]) {
    if (input.length) this.port.postMessage(input[0].slice());
    return true;
  }
});
