import { useCallback, useMemo, useRef, useState, type ClipboardEvent, type KeyboardEvent, type MouseEvent, type RefObject } from 'react';
import { flushSync } from 'react-dom';
import type { Analysis } from '../../state/explore/analysis.ts';
import type { TokenSpan } from '../../state/explore/spans.ts';
import { clampPosition } from '../../state/explore/selectors.ts';
import { textOfTokens } from '../../state/explore/sourceText.ts';
import { extendSpan } from '../../state/explore/spans.ts';
import { BLOCK_TOKENS, blockAt, stripBlocks, type StripBlock } from '../../state/explore/stripBlocks.ts';
import { tokenGroups } from '../../state/explore/tokenNames.ts';
import { useActions, useApp } from './store.ts';
import { useBrush } from './stripBrush.ts';
import { isRightToLeft, selectedTokens, tokenIndex, verticalNeighbour } from './stripDom.ts';
import { spanInBlock, TokenBlock, TOOLTIP_ID } from './TokenBlock.tsx';
import { TokenTooltip } from './TokenTooltip.tsx';
import { VirtualBlocks } from './VirtualBlocks.tsx';

interface TokenStripProps {
  analysis: Analysis;
  /** Strength of a token's colour, 0 to 1; NaN where it is not known. A new function when any may have changed. */
  share: (position: number) => number;
  /** Facts for the tooltip beside those of the predictions. */
  more?: (position: number) => [string, string][];
}

/** The text as tokens: one tab stop, arrows choose, a click chooses, dragging brushes, copying gives the text as typed. */
export function TokenStrip({ analysis, share, more }: TokenStripProps) {
  const { text, before, windows } = analysis;
  const count = before.ids.length;
  const position = useApp((s) => s.position);
  const chosen = clampPosition(position, count);
  const span = useApp((s) => s.span);
  const { setSpan } = useActions();
  const strip = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [focused, setFocused] = useState(false);
  const groups = tokenGroups({ text, tokens: before.tokens, spans: before.spans });
  const blocks = useMemo(() => stripBlocks(groups, windows), [groups, windows]);
  useBrush(strip, setSpan);

  const { onKeyDown, onClick } = useStripKeys(strip, { chosen, count, span }, (isOnKeys) => {
    setFocused(isOnKeys);
    if (isOnKeys) setHovered(null);
  });
  const all = blocks.length === 1;
  const draw = (block: StripBlock) => (
    <TokenBlock
      block={block}
      groups={groups}
      tokens={before.tokens}
      share={share}
      chosen={chosen >= block.first && chosen < block.end ? chosen : -1}
      {...spanInBlock(span, block)}
      setSize={all ? undefined : count}
    />
  );
  const shown = hovered ?? (focused ? chosen : null);
  return (
    <div className="strip-frame">
      <div
        ref={strip}
        className={all ? 'strip' : 'strip strip-long'}
        role="listbox"
        aria-label="Tokens"
        aria-orientation="horizontal"
        dir="auto"
        onKeyDown={onKeyDown}
        onCopy={(event) => copyTokens(event, strip.current, analysis, span)}
        onClick={onClick}
        onPointerOver={(e) => setHovered(tokenIndex(e.target))}
        onPointerLeave={() => setHovered(null)}
        onScroll={() => setHovered(null)}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
      >
        {all ? draw(blocks[0]) : <Blocks blocks={blocks} chosen={chosen} strip={strip} draw={draw} />}
      </div>
      {shown !== null && shown < count && <TokenTooltip id={TOOLTIP_ID} analysis={analysis} position={shown} strip={strip} more={more} />}
    </div>
  );
}

/** Copies the tokens selected, else those brushed, as they stand in the text. */
function copyTokens(event: ClipboardEvent, strip: HTMLElement | null, { text, before }: Analysis, span: TokenSpan | null): void {
  const copied = (strip && selectedTokens(strip)) ?? span;
  if (!copied) return;
  event.clipboardData.setData('text/plain', textOfTokens(text, before.spans, copied[0], copied[1] - 1));
  event.preventDefault();
}

interface StripPlace {
  chosen: number;
  count: number;
  span: TokenSpan | null;
}

/** @param onKeys called with true when a key has moved to a token, with false when Escape has left them all */
function useStripKeys(strip: RefObject<HTMLDivElement | null>, { chosen, count, span }: StripPlace, onKeys: (isOnKeys: boolean) => void) {
  const { selectPosition, setSpan } = useActions();
  const go = useCallback(
    (position: number) => {
      // Drawn before it is focused: it may be far from what was on screen.
      flushSync(() => selectPosition(position));
      strip.current?.querySelector<HTMLElement>(`[data-token="${position}"]`)?.focus();
    },
    [strip, selectPosition],
  );
  const clear = () => {
    onKeys(false);
    setSpan(null);
    getSelection()?.removeAllRanges();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      setSpan([0, count]);
    }
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape') clear();
    const next = nextPosition(event.key, chosen, count, strip.current);
    if (next === undefined) return;
    event.preventDefault();
    onKeys(true);
    if (event.shiftKey) setSpan(extendSpan(span, chosen, next));
    go(next);
  };
  const onClick = (event: MouseEvent) => {
    const i = tokenIndex(event.target);
    if (i === null || getSelection()?.isCollapsed === false) return;
    if (event.shiftKey) setSpan(extendSpan(span, chosen, i));
    go(i);
  };
  return { onKeyDown, onClick };
}

interface BlocksProps {
  blocks: readonly StripBlock[];
  chosen: number;
  strip: RefObject<HTMLDivElement | null>;
  draw: (block: StripBlock) => React.ReactNode;
}

function Blocks({ blocks, chosen, strip, draw }: BlocksProps) {
  const { setVisibleTokens } = useActions();
  const at = blockAt(blocks, chosen);
  const onView = useCallback(
    (from: number, to: number) => setVisibleTokens([blocks[from].first, blocks[to].end] satisfies TokenSpan),
    [blocks, setVisibleTokens],
  );
  return <VirtualBlocks blocks={blocks} kept={at} scroller={strip} onView={onView} draw={draw} />;
}

function nextPosition(key: string, at: number, count: number, strip: HTMLElement | null): number | undefined {
  const last = count - 1;
  const forward = strip && isRightToLeft(strip, at) ? -1 : 1;
  const inside = (position: number) => Math.max(0, Math.min(last, position));
  switch (key) {
    case 'ArrowRight':
      return inside(at + forward);
    case 'ArrowLeft':
      return inside(at - forward);
    case 'ArrowUp':
    case 'ArrowDown':
      return strip ? verticalNeighbour(strip, at, key === 'ArrowUp' ? -1 : 1) : undefined;
    case 'PageUp':
      return inside(at - BLOCK_TOKENS);
    case 'PageDown':
      return inside(at + BLOCK_TOKENS);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}
