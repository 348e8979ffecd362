/** Dragging over the strip selects text as anywhere on a page; what is selected becomes the brushed span. */
import { useEffect, type RefObject } from 'react';
import type { TokenSpan } from '../../state/explore/spans.ts';
import { selectedTokens } from './stripDom.ts';

export function useBrush(strip: RefObject<HTMLElement | null>, onBrush: (span: TokenSpan) => void): void {
  useEffect(() => {
    let frame = 0;
    const read = () => {
      const span = strip.current && selectedTokens(strip.current);
      if (span) onBrush(span);
    };
    const onSelection = () => {
      // A selection that only passes through the strip, as "select all" does, is no brush.
      if (!strip.current?.contains(getSelection()?.anchorNode ?? null)) return;
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(read);
    };
    document.addEventListener('selectionchange', onSelection);
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener('selectionchange', onSelection);
    };
  }, [strip, onBrush]);
}
