import { useEffect, useMemo, useState } from 'react';
import { formatInteger, formatNumber } from '../charts/format.ts';
import { Legend } from '../charts/Legend.tsx';
import { linearScale } from '../charts/scales.ts';
import { TokenText } from '../charts/TokenText.tsx';
import type { TokenGroup } from '../core/lm/glyphs.ts';
import type { SecondReading } from '../state/compareFacts.ts';
import { comparedTop, pinsOf, selectedLatent } from '../state/featureFacts.ts';
import { featureSeries } from '../state/features.ts';
import { tokenGroups } from '../state/tokenNames.ts';
import { useGrowingBox } from './growingBox.ts';
import { Empty, Failure, Panel, Skeleton } from './Panel.tsx';
import { SampleChoice } from './SampleChoice.tsx';
import { useActions, useApp } from './StoreContext.tsx';

const MAX_BOX_PX = 240;

/** Opens the second text. */
export function CompareButton() {
  const open = useApp((s) => s.compare !== null);
  const { setCompare } = useActions();
  if (open) return null;
  return (
    <button type="button" className="button-small" onClick={() => setCompare('')}>
      Compare with another text
    </button>
  );
}

/** The second text and its tokens, coloured by the same feature as the first. */
export function ComparePanel() {
  const compare = useApp((s) => s.compare);
  if (!compare) return null;
  return <Open text={compare.text} />;
}

function Open({ text }: { text: string }) {
  const task = useApp((s) => s.compareTask);
  const compared = useApp((s) => s.compared);
  const { setCompare, openSample } = useActions();
  const box = useGrowingBox(text, MAX_BOX_PX);
  // Opened by a button: the person means to write. A link that brings a text along leaves the page as it is.
  useEffect(() => {
    if (box.current?.value === '') box.current.focus();
  }, [box]);
  return (
    <Panel
      title="Second text"
      className="panel-compare"
      busy={task.status === 'running'}
      aside={
        <>
          <SampleChoice label="Compare with a sample" onChoose={(sample) => void openSample(sample, 'second')} />
          <button type="button" className="button-small" onClick={() => setCompare(null)}>
            Close
          </button>
        </>
      }
    >
      <textarea
        ref={box}
        value={text}
        rows={2}
        spellCheck={false}
        aria-label="Second text, to compare with the first"
        placeholder="Type or paste a text to compare with the first."
        onChange={(e) => setCompare(e.target.value)}
      />
      {task.status === 'failed' && <Failure message={task.message} />}
      {text === '' ? (
        <Empty>Features are then listed by how much they differ between the two texts.</Empty>
      ) : compared ? (
        <SecondStrip reading={compared} />
      ) : (
        task.status !== 'failed' && <Skeleton lines={2} />
      )}
    </Panel>
  );
}

/** Tokens drawn at a time. */
const PAGE = 400;

function SecondStrip({ reading }: { reading: SecondReading }) {
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
