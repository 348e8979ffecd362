import { memo, useCallback, useMemo, useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react';
import { TokenText } from '../charts/TokenText.tsx';
import { END_OF_TEXT, groupTokens, spokenToken, type TokenGroup } from '../core/lm/glyphs.ts';
import type { Analysis } from '../state/appState.ts';
import { chosenPosition } from '../state/selectors.ts';
import { extendSpan } from '../state/spans.ts';
import { textOfTokens } from '../state/sourceText.ts';
import { useActions, useApp } from './StoreContext.tsx';
import { useBrush } from './stripBrush.ts';
import { selectedTokens, tokenIndex, verticalNeighbour } from './stripDom.ts';
import { TokenTooltip } from './TokenTooltip.tsx';

const TOOLTIP_ID = 'token-tooltip';

interface TokenStripProps {
  analysis: Analysis;
  /** Strength of each token's colour, 0 to 1. */
  shares: number[];
  /** Facts for the tooltip beside those of the predictions. */
  more?: (position: number) => [string, string][];
}

/** The text as tokens: one tab stop, arrows choose, a click chooses, copying gives the text as typed. */
export function TokenStrip({ analysis, shares, more }: TokenStripProps) {
  const chosen = useApp(chosenPosition);
  const span = useApp((s) => s.span);
  const { selectPosition, setSpan } = useActions();
  const strip = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [focused, setFocused] = useState(false);
  const { text, before } = analysis;
  const groups = useMemo(() => groupTokens(text.normalize('NFC'), before.tokens, before.spans), [text, before]);

  useBrush(strip, setSpan);

  const go = useCallback(
    (position: number) => {
      selectPosition(position);
      strip.current?.querySelector<HTMLElement>(`[data-token="${position}"]`)?.focus();
    },
    [selectPosition],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      setSpan([0, before.ids.length]);
    }
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const next = nextPosition(event.key, chosen, before.ids.length, strip.current);
    if (event.key === 'Escape') {
      setFocused(false);
      setSpan(null);
      getSelection()?.removeAllRanges();
    }
    if (next === undefined) return;
    event.preventDefault();
    if (event.shiftKey) setSpan(extendSpan(span, chosen, next));
    setFocused(true);
    setHovered(null);
    go(next);
  };
  const onCopy = (event: ClipboardEvent) => {
    const copied = (strip.current && selectedTokens(strip.current)) ?? span;
    if (!copied) return;
    event.clipboardData.setData('text/plain', textOfTokens(text, before.spans, copied[0], copied[1] - 1));
    event.preventDefault();
  };
  const shown = hovered ?? (focused ? chosen : null);
  return (
    <div className="strip-frame">
      <div
        ref={strip}
        className="strip"
        role="listbox"
        aria-label="Tokens"
        aria-orientation="horizontal"
        onKeyDown={onKeyDown}
        onCopy={onCopy}
        onClick={(e) => {
          const i = tokenIndex(e.target);
          if (i === null || getSelection()?.isCollapsed === false) return;
          if (e.shiftKey) setSpan(extendSpan(span, chosen, i));
          go(i);
        }}
        onPointerOver={(e) => setHovered(tokenIndex(e.target))}
        onPointerLeave={() => setHovered(null)}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
      >
        {groups.map((group) => (
          <Group
            key={group.first}
            group={group}
            tokens={before.tokens}
            shares={shares}
            chosen={within(group, chosen) ? chosen : -1}
            inSpan={span !== null && group.first < span[1] && group.first + group.count > span[0]}
          />
        ))}
      </div>
      {shown !== null && shown < before.ids.length && (
        <TokenTooltip id={TOOLTIP_ID} analysis={analysis} position={shown} strip={strip} more={more} />
      )}
    </div>
  );
}

function within(group: TokenGroup, position: number): boolean {
  return position >= group.first && position < group.first + group.count;
}

function nextPosition(key: string, at: number, count: number, strip: HTMLElement | null): number | undefined {
  const last = count - 1;
  switch (key) {
    case 'ArrowRight':
      return Math.min(last, at + 1);
    case 'ArrowLeft':
      return Math.max(0, at - 1);
    case 'ArrowUp':
    case 'ArrowDown':
      return strip ? verticalNeighbour(strip, at, key === 'ArrowUp' ? -1 : 1) : undefined;
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}

interface GroupProps {
  group: TokenGroup;
  tokens: readonly string[];
  shares: readonly number[];
  /** The chosen position when it is in this group, else −1, so that other groups need no redraw. */
  chosen: number;
  inSpan: boolean;
}

/** One token, or the tokens that share a character: the first carries the text, the rest count on. */
const Group = memo(
  function Group({ group, tokens, shares, chosen, inSpan }: GroupProps) {
    const { first, count, text } = group;
    const parts = Array.from({ length: count }, (_, j) => first + j);
    const marks = parts.map((i) => (
      <span
        key={i}
        className={classOf(i !== first, Number.isNaN(shares[i]), inSpan)}
        role="option"
        data-token={i}
        tabIndex={i === chosen ? 0 : -1}
        aria-selected={i === chosen}
        aria-label={count === 1 ? `${i}: ${spokenToken(text)}` : `${i}: part ${i - first + 1} of ${count} of ${text}`}
        aria-describedby={i === chosen ? TOOLTIP_ID : undefined}
        style={{ '--share': Number.isNaN(shares[i]) ? 0 : Math.round(shares[i] * 100) / 100 } as React.CSSProperties}
      >
        {i === first ? <TokenText token={tokens[i] === END_OF_TEXT ? END_OF_TEXT : text} whole breaks={count === 1} /> : i - first + 1}
      </span>
    ));
    const breakable = /^\s/.test(text);
    return (
      <>
        {breakable && <wbr />}
        {count === 1 ? marks : <span className="token-group">{marks}</span>}
      </>
    );
  },
  (a, b) => a.chosen === b.chosen && a.inSpan === b.inSpan && sameGroup(a, b),
);

function classOf(rest: boolean, unscored: boolean, inSpan: boolean): string {
  return `token${rest ? ' token-rest' : ''}${unscored ? ' token-unscored' : ''}${inSpan ? ' token-in-span' : ''}`;
}

function sameGroup(a: GroupProps, b: GroupProps): boolean {
  if (a.group.first !== b.group.first || a.group.count !== b.group.count || a.group.text !== b.group.text) return false;
  for (let i = a.group.first; i < a.group.first + a.group.count; i++) {
    if (!Object.is(a.shares[i], b.shares[i]) || a.tokens[i] !== b.tokens[i]) return false;
  }
  return true;
}
