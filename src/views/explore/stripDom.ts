/** Questions the token strip asks of its own elements. */
import type { TokenSpan } from '../../state/explore/spans.ts';

export function tokenIndex(target: EventTarget | null): number | null {
  const token = target instanceof Element ? target.closest('[data-token]') : null;
  return token instanceof HTMLElement ? Number(token.dataset.token) : null;
}

function tokenElements(strip: HTMLElement): HTMLElement[] {
  return [...strip.querySelectorAll<HTMLElement>('[data-token]')];
}

/** The tokens that the browser's selection covers in part or whole; null when it covers none. */
export function selectedTokens(strip: HTMLElement): TokenSpan | null {
  const selection = getSelection();
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  if (!range.intersectsNode(strip)) return null;
  let first = -1;
  let last = -1;
  for (const element of tokenElements(strip)) {
    const own = document.createRange();
    own.selectNodeContents(element);
    const startsBeforeEnd = range.compareBoundaryPoints(Range.END_TO_START, own) < 0;
    const endsAfterStart = range.compareBoundaryPoints(Range.START_TO_END, own) > 0;
    if (!startsBeforeEnd || !endsAfterStart) continue;
    const i = Number(element.dataset.token);
    if (first < 0) first = i;
    last = i;
  }
  return first < 0 ? null : [first, last + 1];
}

/** The token on the line above (−1) or below (1) that is nearest across; undefined at the edge. */
export function verticalNeighbour(strip: HTMLElement, at: number, direction: 1 | -1): number | undefined {
  const elements = tokenElements(strip);
  const here = elements.find((e) => Number(e.dataset.token) === at)?.getClientRects()[0];
  if (!here) return undefined;
  let best: { index: number; line: number; across: number } | undefined;
  for (const element of elements) {
    const box = element.getClientRects()[0];
    const line = (box.top - here.top) * direction;
    if (line < here.height / 2) continue;
    const across = Math.abs(box.left + box.width / 2 - (here.left + here.width / 2));
    const nearerLine = best === undefined || line < best.line - here.height / 2;
    const sameLine = best !== undefined && Math.abs(line - best.line) <= here.height / 2;
    if (nearerLine || (sameLine && best && across < best.across)) best = { index: Number(element.dataset.token), line, across };
  }
  return best?.index;
}

/** Whether the line a token stands on runs from right to left. */
export function isRightToLeft(strip: HTMLElement, position: number): boolean {
  const token = strip.querySelector(`[data-token="${position}"]`);
  return token !== null && getComputedStyle(token.parentElement ?? token).direction === 'rtl';
}
