import { useEffect, useId, useMemo, useState } from 'react';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { IndexInfo, FeatureName, IndexSummary } from '../../api/features.ts';
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { LISTS, listFeatures } from '../../state/feature/lists.ts';
import { densityWords, restWords } from '../../state/feature/words.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { Empty, Panel } from '../shared/Panel.tsx';
import { Called } from './Called.tsx';
import { useFeature, useFeatureActions } from './FeatureContext.tsx';
import { ReportButtons } from './ReportButtons.tsx';

/** Rows shown before one asks for more. */
const FIRST_ROWS = 50;

/** All features of a dictionary: lists worth looking through, and a search over labels and tokens. */
export function ListsPanel({ dictionary, info }: { dictionary: DictionaryInfo; info: IndexInfo }) {
  const { askLists } = useFeatureActions();
  useEffect(() => askLists(dictionary.id, info.corpus), [askLists, dictionary.id, info.corpus]);
  const summary = useFeature((s) => (s.summary?.dictionary === dictionary.id ? s.summary.summary : null));
  return (
    <Panel title={`Features of ${dictionary.label}`} className="panel-lists">
      {summary ? <Lists dictionary={dictionary.id} summary={summary} /> : <Empty>Looking at what is known of them…</Empty>}
      <p className="hint">Counted on {restWords(info)}.</p>
    </Panel>
  );
}

const NONE: ReadonlyMap<number, FeatureName> = new Map();

function Lists({ dictionary, summary }: { dictionary: string; summary: IndexSummary }) {
  const [query, setQuery] = useState({ list: LISTS[0].name, search: '' });
  const [most, setMost] = useState(FIRST_ROWS);
  const names = useFeature((s) => s.names);
  const named = useFeature((s) => s.named);
  const id = useId();
  const labels = useMemo(() => (named.dictionary === dictionary ? named.byLatent : new Map<number, string>()), [named, dictionary]);
  const called = useFeature((s) => (s.called.dictionary === summary.dictionary ? s.called.byLatent : NONE));
  const latents = useMemo(
    () => listFeatures(summary, query, labels, (token) => names.get(token), called),
    [summary, query, labels, names, called],
  );
  const change = (patch: Partial<typeof query>) => {
    setQuery((now) => ({ ...now, ...patch }));
    setMost(FIRST_ROWS);
  };
  const kind = LISTS.find(({ name }) => name === query.list) ?? LISTS[0];
  return (
    <>
      <div className="list-controls">
        <label>
          <span className="field-label">Search</span>
          <input
            type="search"
            value={query.search}
            placeholder="a label, a number, or a token it fires on"
            aria-describedby={id}
            onChange={(e) => change({ search: e.target.value })}
          />
        </label>
        <label>
          <span className="field-label">Order</span>
          <select value={query.list} onChange={(e) => change({ list: e.target.value })}>
            {LISTS.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p className="hint" id={id} aria-live="polite">
        {query.search === '' ? kind.hint : `Found by label, number, or the token it fires on most.`} {formatInteger(latents.length)}{' '}
        {latents.length === 1 ? 'feature' : 'features'}.
      </p>
      {latents.length === 0 ? (
        <Empty>None.</Empty>
      ) : (
        <Rows dictionary={dictionary} summary={summary} latents={latents.slice(0, most)} labels={labels} />
      )}
      <ReportButtons dictionary={dictionary} name={`features of ${dictionary}`} latents={latents} />
      {latents.length > most && (
        <button type="button" className="button-small" onClick={() => setMost((n) => n + 4 * FIRST_ROWS)}>
          Show more
        </button>
      )}
    </>
  );
}

interface RowsProps {
  dictionary: string;
  summary: IndexSummary;
  latents: readonly number[];
  labels: ReadonlyMap<number, string>;
}

function Rows({ dictionary, summary, latents, labels }: RowsProps) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label="Features">
      <table className="feature-list-table">
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col">What it is called, or fires on most</th>
            <th scope="col" className="numeric">
              Of its activation
            </th>
            <th scope="col" className="numeric">
              Density
            </th>
            <th scope="col" className="numeric">
              Maximum
            </th>
            <th scope="col" className="numeric" title="Bits: 0 for one token alone">
              Entropy
            </th>
          </tr>
        </thead>
        <tbody>
          {latents.map((latent) => (
            <tr key={latent}>
              <th scope="row">
                <FeatureLink dictionary={dictionary} latent={latent}>
                  {latent}
                </FeatureLink>
              </th>
              <td>{labels.get(latent) ?? <Called dictionary={dictionary} latent={latent} token={summary.token[latent]} />}</td>
              <td className="numeric">{summary.token[latent] < 0 ? '–' : formatPercent(summary.share[latent])}</td>
              <td className="numeric">{densityWords(summary.density[latent])}</td>
              <td className="numeric">{formatNumber(summary.maximum[latent])}</td>
              <td className="numeric">{summary.entropy[latent].toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
