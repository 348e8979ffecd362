/** Bars made of parts as an SVG that needs neither script nor style sheet. */
import type { TokenCounts } from '../types.ts';
import { markup, type Markup } from './markup.ts';

const SIZE = { width: 640, height: 220, left: 48, right: 8, top: 8, bottom: 28 };
/** Okabe and Ito's colours, told apart by people who see few; grey for all others. */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#7a6bb5', '#b5a642', '#4b4b4b'];
const REST = '#b8bcc2';

/** @param nameOf letters of a token. @param title read out in place of the picture */
export function stackPicture(
  edges: readonly number[],
  series: readonly TokenCounts[],
  nameOf: (id: number) => string,
  title: string,
): Markup {
  const totals = edges.slice(1).map((_, bin) => series.reduce((sum, { counts }) => sum + counts[bin], 0));
  const most = Math.max(1, ...totals);
  const inner = { width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom };
  const range = edges[edges.length - 1] - edges[0] || 1;
  const x = (value: number) => SIZE.left + ((value - edges[0]) / range) * inner.width;
  const bars = totals.flatMap((_, bin) => {
    let below = 0;
    return series.flatMap(({ id, counts }, part) => {
      if (!(counts[bin] > 0)) return [];
      const height = (counts[bin] / most) * inner.height;
      below += height;
      const y = SIZE.top + inner.height - below;
      return [
        markup`<rect x="${number(x(edges[bin]))}" y="${number(y)}" width="${number(Math.max(0.5, x(edges[bin + 1]) - x(edges[bin]) - 1))}" height="${number(height)}" fill="${colourOf(id, part)}"/>`,
      ];
    });
  });
  const foot = SIZE.height - SIZE.bottom + 18;
  const ticks = [edges[0], edges[0] + range / 2, edges[0] + range];
  const labels = ticks.map(
    (v, i) => markup`<text x="${number(x(v))}" y="${foot}" text-anchor="${['start', 'middle', 'end'][i]}">${short(v)}</text>`,
  );
  const picture = markup`<svg role="img" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="system-ui, sans-serif" font-size="11" fill="currentColor"><title>${title}</title>${bars}${labels}<text x="${SIZE.left - 6}" y="${SIZE.top + 9}" text-anchor="end">${most}</text><text x="${SIZE.left - 6}" y="${SIZE.top + inner.height}" text-anchor="end">0</text></svg>`;
  const named = series.filter(({ counts }) => counts.some((n) => n > 0));
  const legend = named.map(
    ({ id }) =>
      markup`<li><span class="key" style="background:${colourOf(
        id,
        series.findIndex((one) => one.id === id),
      )}"></span>${id === null ? 'other tokens' : nameOf(id)}</li>`,
  );
  return markup`<figure>${picture}<ul class="legend">${legend}</ul></figure>`;
}

function colourOf(id: number | null, part: number): string {
  return id === null ? REST : COLOURS[part % COLOURS.length];
}

function number(value: number): string {
  return value.toFixed(1);
}

/** Three digits that count. */
export function short(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}
