// Draws a hash as a guilloche rosette, as on banknotes: to recognise a receipt at a glance. Only the digits are proof.
import { SVG } from "./element.js";

const POINTS = 300;

/** Where each ring of strands runs: its middle and how far strands swing from it. */
const RINGS = [
  { middle: 38.5, swing: 8.5 },
  { middle: 24.5, swing: 8 },
  { middle: 11, swing: 6.5 },
];

/** Fills an `<svg viewBox="-50 -50 100 100">` with the rosette of 64 hexadecimal digits. */
export function drawRosette(svg: SVGElement, hash: string): void {
  const bytes = hash.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  const rings = RINGS.map(({ middle, swing }, index) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", ring(bytes.slice(index * 10, index * 10 + 10), middle, swing));
    return path;
  });
  svg.replaceChildren(...rings);
}

/** A rosette in an element of its own. */
export function rosette(hash: string, label: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-50 -50 100 100");
  svg.setAttribute("class", "rosette");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  drawRosette(svg, hash);
  return svg;
}

/** Strands of the same wave, each turned a little against the one before, weave a ring. */
function ring(bytes: number[], middle: number, swing: number): string {
  const part = (index: number): number => (bytes[index] ?? 0) / 256;
  const waves = 4 + Math.floor(part(0) * 9);
  const strands = 5 + Math.floor(part(1) * 5);
  const ripples = waves * (2 + Math.floor(part(2) * 3));
  const ripple = 0.1 + part(3) * 0.35;
  const turn = part(4) * 2 * Math.PI;
  const offset = part(5) * 2 * Math.PI;
  return Array.from({ length: strands }, (_, strand) => {
    const phase = turn + (strand / strands) * 2 * Math.PI;
    const points = Array.from({ length: POINTS }, (_, step) => {
      const angle = (step / POINTS) * 2 * Math.PI;
      const wave = Math.cos(waves * angle + phase) + ripple * Math.cos(ripples * angle + 2 * phase + offset);
      const radius = middle + (swing * wave) / (1 + ripple);
      return `${(radius * Math.cos(angle)).toFixed(1)} ${(radius * Math.sin(angle)).toFixed(1)}`;
    });
    return `M${points.join("L")}Z`;
  }).join("");
}
