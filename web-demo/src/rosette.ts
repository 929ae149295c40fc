// Draws a hash as a guilloche rosette, as on banknotes: to recognise a receipt at a glance. Only the digits are proof.

const SVG = "http://www.w3.org/2000/svg";
const POINTS = 720;
const LAYERS = 3;

/** Fills an `<svg viewBox="-50 -50 100 100">` with the rosette of 64 hexadecimal digits. */
export function drawRosette(svg: SVGElement, hash: string): void {
  const bytes = hash.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  const layers = Array.from({ length: LAYERS }, (_, layer) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", outline(bytes.slice(layer * 8, layer * 8 + 8), layer));
    return path;
  });
  svg.replaceChildren(...layers);
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

function outline([petals = 0, waves = 0, depth = 0, ripple = 0, phase = 0, shift = 0]: number[], layer: number): string {
  const outer = 46 - layer * 9;
  const turns = 5 + (petals % 8);
  const lobes = turns * (2 + (waves % 3)) + 1 + (waves % 5);
  const amplitude = 4 + (depth / 255) * 9;
  const second = 1 + (ripple / 255) * 3;
  const points = Array.from({ length: POINTS + 1 }, (_, step) => {
    const angle = (step / POINTS) * 2 * Math.PI;
    const radius =
      outer -
      amplitude * (1 + Math.cos(turns * angle + phase / 40)) * 0.5 +
      second * Math.cos(lobes * angle + shift / 40) -
      second;
    return `${(radius * Math.cos(angle)).toFixed(2)} ${(radius * Math.sin(angle)).toFixed(2)}`;
  });
  return `M${points.join("L")}Z`;
}
