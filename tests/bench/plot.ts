// A picture of how costs grow: both axes logarithmic, in SVG, in colours that can be read on white and on black.
import type { Spread } from "./measure.ts";

export type Line = { name: string; points: { x: number; y: Spread }[] };
export type Plot = { title: string; x: string; y: string; ticks: { at: number; text: string }[]; lines: Line[] };

const WIDTH = 720;
const HEIGHT = 400;
const AREA = { left: 70, right: WIDTH - 130, top: 46, bottom: HEIGHT - 56 };
const INK = "#757d86";
const COLOURS = ["#e0641b", "#2f81f7", "#2ea352", "#a371f7"];

export function plot({ title, x, y, ticks, lines }: Plot): string {
  const spreads = lines.flatMap(({ points }) => points.map((point) => point.y));
  const xs = scale(ticks[0]?.at ?? 1, ticks.at(-1)?.at ?? 1, AREA.left + 16, AREA.right - 16);
  const [low, high] = [Math.min(...spreads.map(({ min }) => min)), Math.max(...spreads.map(({ max }) => max))];
  const ys = scale(low, high, AREA.bottom - 12, AREA.top + 12);
  const middle = (AREA.top + AREA.bottom) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" ` +
      `font-family="system-ui, sans-serif" font-size="13" fill="${INK}">`,
    `<title>${title}</title>`,
    text(AREA.left, 24, title, 'font-size="15" font-weight="600"'),
    text((AREA.left + AREA.right) / 2, HEIGHT - 14, x, 'text-anchor="middle"'),
    text(18, middle, y, `text-anchor="middle" transform="rotate(-90 18 ${middle})"`),
    ...ticks.flatMap(({ at, text: label }) => [
      grid(xs(at), AREA.top, xs(at), AREA.bottom),
      text(xs(at), AREA.bottom + 20, label, 'text-anchor="middle"'),
    ]),
    ...steps(low, high).flatMap((at) => [
      grid(AREA.left, ys(at), AREA.right, ys(at)),
      text(AREA.left - 8, ys(at) + 4, String(at), 'text-anchor="end"'),
    ]),
    ...lines.flatMap((line, i) => drawn(line, COLOURS[i] ?? INK, xs, ys)),
    ...names(lines, ys),
    "</svg>",
    "",
  ].join("\n");
}

type Scale = (value: number) => number;

function scale(from: number, to: number, start: number, end: number): Scale {
  const share = (value: number) => Math.log(value / from) / (Math.log(to / from) || 1);
  return (value) => Math.round((start + (end - start) * share(value)) * 10) / 10;
}

/** 1, 2 and 5 of each decade, or the decades alone where those would be too many. */
function steps(low: number, high: number): number[] {
  const decades = Array.from({ length: 24 }, (_, i) => i - 12);
  const of = (digits: number[]) =>
    decades
      .flatMap((decade) => digits.map((digit) => Number(`${digit}e${decade}`)))
      .filter((at) => at >= low && at <= high);
  return of([1]).length > 2 ? of([1]) : of([1, 2, 5]);
}

const text = (x: number, y: number, words: string, more = "") => `<text x="${x}" y="${y}" ${more}>${words}</text>`;
const grid = (x1: number, y1: number, x2: number, y2: number) =>
  `<path d="M${x1} ${y1}L${x2} ${y2}" stroke="${INK}" stroke-opacity="0.25"/>`;

/** The medians, joined, and a bar from the least to the most. */
function drawn({ points }: Line, colour: string, xs: Scale, ys: Scale): string[] {
  const at = points.map(({ x, y }) => `${xs(x)} ${ys(y.median)}`);
  return [
    `<path d="M${at.join("L")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(({ x, y }) => `<path d="M${xs(x)} ${ys(y.min)}V${ys(y.max)}" stroke="${colour}" stroke-width="2"/>`),
    ...points.map(({ x, y }) => `<circle cx="${xs(x)}" cy="${ys(y.median)}" r="3.5" fill="${colour}"/>`),
  ];
}

/** Beside the last points, no nearer to each other than a line of text. */
function names(lines: Line[], ys: Scale): string[] {
  let below = AREA.bottom + 17;
  return lines
    .map(({ name, points }, i) => ({ name, colour: COLOURS[i] ?? INK, y: ys(points.at(-1)?.y.median ?? 1) + 4 }))
    .toSorted((a, b) => b.y - a.y)
    .map(({ name, colour, y }) => {
      below = Math.min(y, below - 17);
      return text(AREA.right + 8, below, name, `fill="${colour}"`);
    });
}
