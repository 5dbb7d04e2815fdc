// Recordings as the browser decodes them: the shape of a sound, and WAV for the server.
import { el } from "./dom.js";

const COLUMNS = 160;

/** Return the decoded sound; null where the browser cannot decode it. */
export async function soundOf(blob) {
  const context = new OfflineAudioContext(1, 1, 48_000);
  try {
    return await context.decodeAudioData(await blob.arrayBuffer());
  } catch {
    return null;
  }
}

/** Return the outline of a sound as SVG, from 0 to 100 across. */
export function wave(sound) {
  const samples = sound.getChannelData(0);
  const size = Math.max(1, Math.floor(samples.length / COLUMNS));
  const peaks = Array.from({ length: Math.min(COLUMNS, samples.length) }, (_, at) => {
    let peak = 0;
    for (let place = at * size; place < (at + 1) * size; place += 1) peak = Math.max(peak, Math.abs(samples[place] ?? 0));
    return peak;
  });
  const most = Math.max(...peaks, 1e-4);
  const step = 100 / peaks.length;
  const line = (sign) => peaks.map((peak, at) => `${(at * step + step / 2).toFixed(2)},${(20 + sign * Math.max(0.6, (18 * peak) / most)).toFixed(2)}`);
  const outline = `M${line(-1).join("L")}L${line(1).reverse().join("L")}Z`;
  return el("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none" }, el("path", { d: outline }));
}

/** Return a sound as WAV: 16 bits, one channel. */
export function wav(sound) {
  const channels = Array.from({ length: sound.numberOfChannels }, (_, at) => sound.getChannelData(at));
  const view = new DataView(new ArrayBuffer(44 + 2 * sound.length));
  const write = (at, text) => [...text].forEach((sign, place) => view.setUint8(at + place, sign.charCodeAt(0)));
  write(0, "RIFF");
  view.setUint32(4, 36 + 2 * sound.length, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sound.sampleRate, true);
  view.setUint32(28, 2 * sound.sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, "data");
  view.setUint32(40, 2 * sound.length, true);
  for (let at = 0; at < sound.length; at += 1) {
    const mean = channels.reduce((sum, channel) => sum + channel[at], 0) / channels.length;
    view.setInt16(44 + 2 * at, Math.max(-1, Math.min(1, mean)) * 32_767, true);
  }
  return new Blob([view], { type: "audio/wav" });
}
