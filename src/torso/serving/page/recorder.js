// Sounds from the microphone, as WAV: browsers record in formats that the server does not read.
import { soundOf, wav } from "./wave.js";

const MOST = 60; // seconds

/** Browsers give a microphone only to pages of this machine or through https. */
export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

export class Recorder {
  /** `tick(seconds)` runs each second, `done(blob)` at the end, and `ended(why)` when it stops, with the reason if it failed. */
  constructor({ tick, done, ended }) {
    Object.assign(this, { tick, done, ended, running: false });
  }

  async start() {
    this.running = true;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      this.running = false;
      return this.ended(error.name);
    }
    if (!this.running) {
      // Stopped while the browser asked for leave.
      this.stream.getTracks().forEach((track) => track.stop());
      return this.ended("");
    }
    const parts = [];
    this.recorder = new MediaRecorder(this.stream);
    this.recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    this.recorder.addEventListener("stop", async () => {
      const sound = await soundOf(new Blob(parts, { type: this.recorder.mimeType }));
      if (sound?.length) this.done(wav(sound));
      this.ended("");
    });
    this.recorder.start();
    let seconds = 0;
    this.tick(seconds);
    this.timer = setInterval(() => {
      seconds += 1;
      this.tick(seconds);
      if (seconds >= MOST) this.stop();
    }, 1000);
    return undefined;
  }

  stop() {
    this.running = false;
    clearInterval(this.timer);
    this.recorder?.stop();
    this.stream?.getTracks().forEach((track) => track.stop());
  }
}
