import { useMemo, useState } from 'react';
import { formatInteger, formatNumber } from '../../charts/format.ts';
import { Legend } from '../../charts/Legend.tsx';
import { linearScale } from '../../charts/scales.ts';
import { TokenText } from '../../charts/TokenText.tsx';
import type { TokenGroup } from '../../core/lm/glyphs.ts';
import type { SecondReading } from '../../state/explore/compareFacts.ts';
import { comparedTop } from '../../state/explore/compareFacts.ts';
import { pinsOf, selectedLatent } from '../../state/explore/featureFacts.ts';
import { chosenDictionary } from '../../state/shared/dictionaries.ts';
import { featureSeries } from '../../state/explore/features.ts';
import { tokenGroups } from '../../state/explore/tokenNames.ts';
import { MAX_TOKENS } from '../../state/explore/windowReading.ts';
import { Empty, Skeleton } from '../shared/Panel.tsx';
import { useApp } from './store.ts';

/** What came of the second text, or why there is nothing of it. */
export function SecondText({ text }: { text: string }) {
  const compared = useApp((s) => s.compared);
  if (!compared) return <NothingOfIt />;
  // The reading keeps the text that was read: all of it, or its start.
  return <SecondStrip reading={compared} goesOn={compared.tokens.length === MAX_TOKENS && compared.text !== text} />;
}

function NothingOfIt() {
  const task = useApp((s) => s.compareTask.status);
  const chosen = useApp((s) => chosenDictionary(s) !== undefined);
  const awaited = useApp((s) => s.boot.status !== 'failed' && s.dictionaries.status === 'waiting');
  // Its sentence stands above.
  if (task === 'failed') return null;
  if (task === 'done') return <Empty>This text has no tokens.</Empty>;
  if (chosen || awaited) return <Skeleton lines={2} />;
  return <Empty>Comparing needs a model and a dictionary that fits it.</Empty>;
}

/** Tokens drawn at a time. */
const PAGE = 400;

/** @param goesOn beyond the tokens read */
function SecondStrip({ reading, goesOn }: { reading: SecondReading; goesOn: boolean }) {
  const latent = useApp(selectedLatent);
  const slot = useApp((s) => pinsOf(s.pins, reading.dictionary.id).find((p) => p.latent === latent)?.slot);
  const top = useApp((s) => (latent === null ? 0 : comparedTop(s, latent)));
  const { tokens, index } = reading;
  const groups = tokenGroups(reading);
  const series = useMemo(() => featureSeries(index, latent ?? 0), [index, latent]);
  const scale = useMemo(() => linearScale(top), [top]);
  const [asked, setPage] = useState(0);
  const pages = Math.ceil(tokens.length / PAGE);
  const page = Math.min(asked, pages - 1);
  const shown = groups.filter((g) => g.first >= page * PAGE && g.first < (page + 1) * PAGE);
  const count = `${formatInteger(tokens.length)} token${tokens.length === 1 ? '' : 's'}`;
  return (
    <div data-metric="feature" data-slot={slot}>
      <p className="strip" aria-label="Tokens of the second text">
        {shown.map((group) => (
          <Token key={group.first} group={group} value={series[group.first]} share={scale.share(series[group.first])} />
        ))}
      </p>
      {pages > 1 && (
        <p className="panel-foot hint">
          Tokens {formatInteger(page * PAGE)}–{formatInteger(Math.min(tokens.length, (page + 1) * PAGE) - 1)} of {count}
          <button type="button" className="button-small" disabled={page === 0} onClick={() => setPage(page - 1)}>
            Earlier
          </button>
          <button type="button" className="button-small" disabled={page === pages - 1} onClick={() => setPage(page + 1)}>
            Later
          </button>
        </p>
      )}
      {goesOn && <p className="hint">The text goes on: of a longer one, the first {count} are read.</p>}
      <Legend scale={scale} caption={captionOf(latent, top, count)} />
    </div>
  );
}

function captionOf(latent: number | null, top: number, count: string): string {
  if (latent === null) return `${count}. No feature is chosen.`;
  if (top === 0) return `${count}. Feature ${latent} fires in neither text.`;
  return `${count}. Feature ${latent}: value ÷ its maximum in both texts, ${formatNumber(top)}, as above.`;
}

function Token({ group, value, share }: { group: TokenGroup; value: number; share: number }) {
  return (
    <>
      {/^\s/.test(group.text) && <wbr />}
      <span
        className="token"
        title={`position ${group.first}: ${formatNumber(value)}`}
        style={{ '--share': Math.round(share * 100) / 100 } as React.CSSProperties}
      >
        <TokenText token={group.text} whole breaks={group.count === 1} />
      </span>
    </>
  );
}
