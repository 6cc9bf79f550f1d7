// Runs beside the page's own thread: passes on what the microphone gives, some of it at a time. A message for each of the
// 128 samples that come at once would keep a slow machine from everything else.
const SAMPLES = 2048;

registerProcessor("recorder", class extends AudioWorkletProcessor {
  kept = new Float32Array(SAMPLES);
  count = 0;

  process([input]) {
    if (input.length) {
      this.kept.set(input[0], this.count);
      this.count += input[0].length;
      if (this.count === SAMPLES) {
        this.port.postMessage(this.kept);
        this.kept = new Float32Array(SAMPLES);
        this.count = 0;
      }
    }
    return true;
  }
});
