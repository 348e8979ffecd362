import { memo } from 'react';
import { TokenText } from '../../charts/TokenText.tsx';
import { END_OF_TEXT, spokenToken, type TokenGroup } from '../../core/lm/glyphs.ts';
import type { TokenSpan } from '../../state/explore/spans.ts';
import type { StripBlock } from '../../state/explore/stripBlocks.ts';

export const TOOLTIP_ID = 'token-tooltip';

interface TokenBlockProps {
  block: StripBlock;
  groups: readonly TokenGroup[];
  tokens: readonly string[];
  /** Strength of a token's colour, 0 to 1; NaN where it is not known. A new function when any may have changed. */
  share: (position: number) => number;
  /** The chosen position when it is in this block, else −1, so that other blocks need no redraw. */
  chosen: number;
  /** The part of the brushed span in this block. */
  spanFrom: number;
  spanTo: number;
  /** Tokens of the whole text, when not all of them are drawn. */
  setSize: number | undefined;
}

/** A stretch of tokens in running text. */
export const TokenBlock = memo(function TokenBlock({ block, groups, tokens, share, chosen, spanFrom, spanTo, setSize }: TokenBlockProps) {
  return groups.slice(block.fromGroup, block.toGroup).map((group) => {
    const { first, count } = group;
    const shares = Array.from({ length: count }, (_, j) => Math.round(share(first + j) * 100) / 100);
    return (
      <Group
        key={first}
        group={group}
        first={tokens[first]}
        shares={shares}
        chosen={chosen >= first && chosen < first + count ? chosen : -1}
        inSpan={first < spanTo && first + count > spanFrom}
        setSize={setSize}
      />
    );
  });
});

/** What of a span lies in a block; an empty one when nothing does. */
export function spanInBlock(span: TokenSpan | null, { first, end }: StripBlock): { spanFrom: number; spanTo: number } {
  const spanFrom = Math.max(first, span?.[0] ?? 0);
  const spanTo = Math.min(end, span?.[1] ?? 0);
  return spanFrom < spanTo ? { spanFrom, spanTo } : { spanFrom: 0, spanTo: 0 };
}

interface GroupProps {
  group: TokenGroup;
  /** Its first token. */
  first: string;
  shares: readonly number[];
  chosen: number;
  inSpan: boolean;
  setSize: number | undefined;
}

/** One token, or the tokens that share a character: the first carries the text, the rest count on. */
const Group = memo(
  function Group({ group, first: token, shares, chosen, inSpan, setSize }: GroupProps) {
    const { first, count, text } = group;
    const marks = shares.map((share, j) => {
      const i = first + j;
      return (
        <span
          key={i}
          className={classOf(j > 0, Number.isNaN(share), inSpan)}
          role="option"
          data-token={i}
          tabIndex={i === chosen ? 0 : -1}
          aria-selected={i === chosen}
          aria-label={count === 1 ? `${i}: ${spokenToken(text)}` : `${i}: part ${j + 1} of ${count} of ${text}`}
          aria-describedby={i === chosen ? TOOLTIP_ID : undefined}
          aria-setsize={setSize}
          aria-posinset={setSize === undefined ? undefined : i + 1}
          style={{ '--share': Number.isNaN(share) ? 0 : share } as React.CSSProperties}
        >
          {j === 0 ? <TokenText token={token === END_OF_TEXT ? END_OF_TEXT : text} whole breaks={count === 1} /> : j + 1}
        </span>
      );
    });
    return (
      <>
        {/^\s/.test(text) && <wbr />}
        {count === 1 ? marks : <span className="token-group">{marks}</span>}
      </>
    );
  },
  (a, b) => a.chosen === b.chosen && a.inSpan === b.inSpan && a.setSize === b.setSize && sameGroup(a, b),
);

function classOf(rest: boolean, unscored: boolean, inSpan: boolean): string {
  return `token${rest ? ' token-rest' : ''}${unscored ? ' token-unscored' : ''}${inSpan ? ' token-in-span' : ''}`;
}

function sameGroup(a: GroupProps, b: GroupProps): boolean {
  if (a.group.first !== b.group.first || a.group.count !== b.group.count || a.group.text !== b.group.text) return false;
  return a.first === b.first && a.shares.every((share, j) => Object.is(share, b.shares[j]));
}
