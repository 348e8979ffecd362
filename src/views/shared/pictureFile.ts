/** A chart on screen as a file that looks the same elsewhere: style sheets and the theme's colours are written into it. */
interface SvgFile {
  text: string;
  width: number;
  height: number;
}

/** What of the style sheets shapes a chart. */
const STYLES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-opacity',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'opacity',
  'font-size',
  'font-weight',
  'paint-order',
] as const;
/** The page's own letters may not be there where the file is opened. */
const FONT = 'system-ui, sans-serif';
const EDGE_PX = 12;
const TITLE_PX = 42;
const LEGEND_PX = 18;
/** Of the formula under the title: a line, and about the width of a letter. */
const LINE_PX = 14;
const LETTER_PX = 5.6;

/** @param place what holds a chart and its legend. @returns null where no chart is drawn */
export function svgOf(place: Element, title: string): SvgFile | null {
  const drawn = place.querySelector<SVGSVGElement>('svg');
  if (!drawn) return null;
  const { width, height } = drawn.getBoundingClientRect();
  if (width === 0) return null;
  const chart = styledCopy(drawn);
  chart.querySelectorAll('.chart-brush, .chart-bin').forEach((part) => part.remove());
  chart.setAttribute('x', `${EDGE_PX}`);
  const { color } = getComputedStyle(place);
  const legend = [...place.querySelectorAll('.chart-legend li')].map((item) => legendLine(item, color));
  // What is drawn, exactly, and what it rests on.
  const formula = linesOf(place.querySelector<HTMLElement>('figcaption')?.title ?? '', Math.floor(width / LETTER_PX));
  const top = TITLE_PX + Math.max(0, formula.length - 1) * LINE_PX;
  chart.setAttribute('y', `${top}`);
  const size = { width: width + 2 * EDGE_PX, height: top + height + legend.length * LEGEND_PX + EDGE_PX };
  const lines = legend.map((line, i) => `<g transform="translate(${EDGE_PX},${top + height + (i + 0.7) * LEGEND_PX})">${line}</g>`);
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-family="${FONT}">`,
    `<rect width="100%" height="100%" fill="${surfaceOf(place)}"/>`,
    `<text x="${EDGE_PX}" y="17" font-size="13" font-weight="600" fill="${color}">${escaped(title)}</text>`,
    ...formula.map((line, i) => `<text x="${EDGE_PX}" y="${32 + i * LINE_PX}" font-size="11" fill="${color}">${escaped(line)}</text>`),
    new XMLSerializer().serializeToString(chart),
    ...lines,
    '</svg>',
  ].join('');
  return { text, ...size };
}

/** Words in lines of at most so many characters; a longer word has a line of its own. */
export function linesOf(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && longer.length <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Twice as fine as the screen's own pixels. @returns null where the browser draws no picture */
export async function pngOf({ text, width, height }: SvgFile): Promise<Blob | null> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * 2);
  canvas.height = Math.round(height * 2);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}

function styledCopy(drawn: SVGSVGElement): SVGSVGElement {
  const copy = drawn.cloneNode(true) as SVGSVGElement;
  const copies = [copy, ...copy.querySelectorAll<SVGElement>('*')];
  [drawn, ...drawn.querySelectorAll<SVGElement>('*')].forEach((element, i) => {
    const computed = getComputedStyle(element);
    for (const name of STYLES) copies[i].style.setProperty(name, computed.getPropertyValue(name));
    copies[i].removeAttribute('class');
    // What is removed from the file is found by these.
    if (/chart-(brush|bin)/.test(element.getAttribute('class') ?? '')) copies[i].setAttribute('class', element.getAttribute('class')!);
  });
  return copy;
}

function legendLine(item: Element, color: string): string {
  const swatch = item.querySelector('.chart-swatch');
  const ink = swatch ? getComputedStyle(swatch).backgroundColor : color;
  const words = (item.textContent ?? '').replace(/\s+/g, ' ').trim();
  return `<rect y="-9" width="10" height="10" fill="${ink}"/><text x="16" font-size="11" fill="${color}">${escaped(words)}</text>`;
}

/** The first colour below that is not clear. */
function surfaceOf(place: Element): string {
  for (let at: Element | null = place; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!/^rgba\(.*, 0\)$|^transparent$/.test(backgroundColor)) return backgroundColor;
  }
  return 'white';
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
