// A field for a picture, a recording or a video: dropped, pasted, chosen, or recorded here.
import { el, fill, freshId, sign } from "./dom.js";
import { Recorder, canRecord } from "./recorder.js";
import { soundOf, wave } from "./wave.js";

const ENDINGS = {
  image: /\.(png|jpe?g|webp|gif|bmp|tiff?)$/i,
  audio: /\.(wav|flac|ogg|oga|opus|mp3|aiff?)$/i,
  video: /\.(mp4|m4v|mov|webm|mkv|avi)$/i,
};

export class FileField {
  constructor(input, words, changed) {
    Object.assign(this, { input, words, changed, file: null, id: freshId("file") });
    this.media = input.kind in ENDINGS ? input.kind : "image";
    this.chooser = el("input", {
      type: "file", id: this.id, class: "unseen", accept: (input.media ?? [`${this.media}/*`]).join(","),
      onchange: () => this.chooser.files[0] && this.take(this.chooser.files[0]),
    });
    this.zone = el("label", { class: `zone ${this.media}`, for: this.id },
      el("span", { class: "unseen" }, `${input.name}: `), sign(this.media), el("span", {}, words.say(`inputs.drop.${this.media}`)));
    this.seen = el("div", { class: "seen", hidden: true });
    this.remove = el("button", {
      type: "button", class: "small", hidden: true, onclick: () => { this.set(null); this.changed(); this.chooser.focus(); },
      "aria-label": words.say("inputs.remove", { name: input.name }),
    }, "×");
    this.tools = el("div", { class: "ways" }, this.zone);
    this.wrong = el("p", { class: "wrong", id: `${this.id}-wrong`, hidden: true });
    this.chooser.setAttribute("aria-describedby", this.wrong.id);
    this.node = el("div", { class: "field file", "data-column": input.name }, this.chooser, this.seen, this.tools, this.wrong);
    if (this.media === "audio") this.offerRecording();
    this.tools.append(this.remove);
    this.listen();
  }

  /** Take files that are dropped on the field. */
  listen() {
    const over = (on) => (event) => {
      event.preventDefault();
      this.node.classList.toggle("over", on);
    };
    this.node.addEventListener("dragover", over(true));
    this.node.addEventListener("dragleave", over(false));
    this.node.addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer.files[0]) this.take(event.dataTransfer.files[0]);
    });
  }

  offerRecording() {
    if (!canRecord()) {
      this.node.append(el("p", { class: "hint" }, this.words.say("inputs.no_microphone")));
      return;
    }
    const button = el("button", { type: "button", class: "record", "aria-pressed": "false" }, this.words.say("inputs.record"));
    const clock = el("p", { class: "hint", role: "timer" });
    const recorder = new Recorder({
      tick: (seconds) => { clock.textContent = this.words.say("inputs.recording", { name: this.input.name, seconds }); },
      done: (blob) => { this.take(new File([blob], "recording.wav", { type: "audio/wav" })); },
      ended: (why) => {
        button.setAttribute("aria-pressed", "false");
        button.textContent = this.words.say("inputs.record");
        clock.textContent = "";
        if (why) this.mark(this.words.say("inputs.microphone_refused", { why }));
      },
    });
    button.addEventListener("click", () => {
      if (recorder.running) return recorder.stop();
      this.mark("");
      button.setAttribute("aria-pressed", "true");
      button.textContent = this.words.say("inputs.stop");
      return recorder.start();
    });
    this.tools.append(button);
    this.node.append(clock);
  }

  /** Return whether a file is of the sort that this field takes. */
  fits(file) {
    return file.type.startsWith(`${this.media}/`) || ENDINGS[this.media].test(file.name);
  }

  take(file) {
    const most = this.most ?? Infinity;
    const size = (file.size / 1e6).toFixed(1);
    if (!this.fits(file)) return this.mark(this.words.say("inputs.wrong_file", { name: file.name }));
    if (file.size > most) return this.mark(this.words.say("inputs.large", { size, most: (most / 1e6).toFixed(1) }));
    this.mark("");
    this.hold(file, null);
    return this.changed();
  }

  hold(blob, base64) {
    if (this.file) URL.revokeObjectURL(this.file.url);
    this.file = blob ? { blob, base64, url: URL.createObjectURL(blob), name: blob.name ?? "" } : null;
    this.chooser.value = "";
    this.node.classList.toggle("filled", Boolean(blob));
    this.remove.hidden = !blob;
    fill(this.seen, blob ? this.preview() : null);
  }

  preview() {
    const { url, blob } = this.file;
    const lost = () => fill(this.seen, el("p", { class: "hint" }, this.words.say("inputs.unplayable")));
    if (this.media === "image") {
      const image = el("img", { src: url, alt: this.input.name, onerror: lost });
      image.addEventListener("load", () => image.classList.toggle("tiny", image.naturalWidth <= 64));
      return image;
    }
    if (this.media === "video") return el("video", { src: url, controls: true, muted: true, onerror: lost, "aria-label": this.input.name });
    const picture = el("div", { class: "wave", "aria-hidden": "true" });
    soundOf(blob).then((sound) => sound && picture.append(wave(sound)));
    return [picture, el("audio", { src: url, controls: true, onerror: lost, "aria-label": this.input.name })];
  }

  mark(message) {
    fill(this.wrong, message);
    if (message) this.chooser.setAttribute("aria-invalid", "true");
    else this.chooser.removeAttribute("aria-invalid");
  }

  /** Return the cell as JSON can hold it; null where it is left out. */
  async get() {
    if (!this.file) return null;
    this.file.base64 ??= await base64Of(this.file.blob);
    const { base64, blob, name } = this.file;
    return { base64, ...(blob.type ? { media_type: blob.type } : {}), ...(name ? { name } : {}) };
  }

  set(cell) {
    this.mark("");
    if (!cell?.base64) return this.hold(null);
    const bytes = Uint8Array.from(atob(cell.base64), (sign) => sign.charCodeAt(0));
    return this.hold(new File([bytes], cell.name ?? "", { type: cell.media_type ?? "" }), cell.base64);
  }
}

const base64Of = (blob) =>
  new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
