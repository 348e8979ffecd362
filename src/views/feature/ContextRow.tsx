import { memo, useMemo, type CSSProperties } from 'react';
import { formatFull, formatNumber } from '../../charts/format.ts';
import { TokenText } from '../../charts/TokenText.tsx';
import type { Context } from '../../api/features.ts';
import type { Detokenized } from '../../api/model.ts';
import { contextTokens, rowColour, type ContextToken } from '../../state/feature/contexts.ts';
import type { Choices } from './choices.ts';

interface ContextRowProps extends Pick<Choices, 'length' | 'breaks' | 'scale'> {
  context: Context;
  /** What its ids spell. */
  spelled: Detokenized | undefined;
  /** What a full colour stands for by the feature's scale. */
  full: number;
  /** It stayed off: its number is no value. */
  near: boolean;
  /** Tab reaches it. */
  stop: boolean;
  onReach: () => void;
  onOpen: (text: string) => void;
}

/** A context with its value; pressing it opens it in Explore. */
export const ContextRow = memo(function ContextRow(props: ContextRowProps) {
  const { context, spelled, full, near, length, breaks, scale, stop, onReach, onOpen } = props;
  const tokens = useMemo(() => (spelled ? contextTokens(context, spelled, length) : []), [context, spelled, length]);
  if (!spelled) return null;
  const top = scale === 'row' ? rowColour(context) : full;
  const meant = tokens.find(({ isMeant }) => isMeant);
  const said = `${near ? 'Before its threshold ' : ''}${formatNumber(context.value)} at “${meant?.group.text ?? ''}”`;
  return (
    <li>
      <button
        type="button"
        className={near ? 'context is-near' : 'context'}
        tabIndex={stop ? 0 : -1}
        aria-label={`${said}: ${tokens.map(({ group }) => group.text).join('')} Open in Explore`}
        onFocus={onReach}
        onClick={() => onOpen(spelled.text)}
      >
        <span className="context-value" title={formatFull(context.value)}>
          {formatNumber(context.value)}
        </span>
        <span className={breaks ? 'context-text' : 'context-text is-one-line'} dir="auto">
          {tokens.map((token) => (
            <Token key={token.group.first} token={token} top={top} breaks={breaks} />
          ))}
        </span>
      </button>
    </li>
  );
});

function Token({ token: { group, value, isMeant }, top, breaks }: { token: ContextToken; top: number; breaks: boolean }) {
  const share = top > 0 ? Math.min(1, Math.abs(value) / top) : 0;
  return (
    <>
      {/^\s/.test(group.text) && <wbr />}
      <span
        className={`context-token${isMeant ? ' is-meant' : ''}${value < 0 ? ' is-negative' : ''}`}
        title={formatFull(value)}
        style={{ '--share': Math.round(share * 100) / 100 } as CSSProperties}
      >
        <TokenText token={group.text} whole={group.count > 1} breaks={breaks} />
      </span>
    </>
  );
}
