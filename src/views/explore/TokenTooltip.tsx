import { useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { formatFull, formatInteger } from '../../charts/format.ts';
import { TokenText } from '../../charts/TokenText.tsx';
import type { Analysis } from '../../state/explore/analysis.ts';
import { groupAt, tokenGroups } from '../../state/explore/tokenNames.ts';
import { FactList } from '../shared/FactList.tsx';

interface TokenTooltipProps {
  id: string;
  analysis: Analysis;
  position: number;
  strip: RefObject<HTMLDivElement | null>;
  /** Further facts of the token, name and value. */
  more?: (position: number) => [string, string][];
}

/** All that is known of a token, under it. */
export function TokenTooltip({ id, analysis, position, strip, more }: TokenTooltipProps) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  useLayoutEffect(() => {
    const token = strip.current?.querySelector(`[data-token="${position}"]`);
    const frame = strip.current?.parentElement;
    if (!token || !frame || !box.current) return;
    const at = token.getClientRects()[0];
    const around = frame.getBoundingClientRect();
    const room = around.width - box.current.offsetWidth;
    setPlace({ left: Math.max(0, Math.min(room, at.left - around.left)), top: at.bottom - around.top + 6 });
  }, [position, strip, analysis]);
  return (
    <div ref={box} id={id} role="tooltip" className="tooltip" style={place}>
      <TokenFacts analysis={analysis} position={position} more={more?.(position)} />
    </div>
  );
}

function TokenFacts({ analysis, position: i, more = [] }: { analysis: Analysis; position: number; more?: [string, string][] }) {
  const { text, before, after } = analysis;
  const [from, to] = before.spans[i];
  const group = groupAt(tokenGroups({ text, tokens: before.tokens, spans: before.spans }), i);
  const shared = (group?.count ?? 1) > 1;
  const rows: [string, string][] = [
    ['id', String(before.ids[i])],
    ['characters', from === to ? 'none' : `${from}–${to}`],
  ];
  const read = analysis.known.flags[i] === 1;
  for (const [name, p] of read ? [['', before] as const, ...(after ? [[', edited', after] as const] : [])] : []) {
    if (i > 0) {
      rows.push([`surprise${name}`, `${formatFull(p.surprise[i])} nats`]);
      rows.push([`probability${name}`, formatFull(Math.exp(-p.surprise[i]))]);
      rows.push([`rank${name}`, formatInteger(p.rank[i] + 1)]);
    }
    rows.push([`entropy after${name}`, `${formatFull(p.entropy[i])} nats`]);
  }
  if (after && read) rows.push(['KL(before‖after)', `${formatFull(after.kl[i])} nats`]);
  rows.push(...more);
  return (
    <>
      <p className="tooltip-title">
        <span className="token-sample">
          <TokenText token={group && (shared || before.spans[i][0] < before.spans[i][1]) ? group.text : before.tokens[i]} whole={shared} />
        </span>{' '}
        at position {i}
      </p>
      {shared && group && (
        <p className="tooltip-note">
          Part {i - group.first + 1} of {group.count}: these tokens split the bytes of one character.
        </p>
      )}
      {!read && <p className="tooltip-note">Not read yet.</p>}
      {i === 0 && <p className="tooltip-note">Nothing comes before the first token, so nothing predicted it.</p>}
      <FactList facts={rows} />
    </>
  );
}
