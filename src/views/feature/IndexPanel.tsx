import { useState } from 'react';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { IndexInfo } from '../../api/features.ts';
import { formatInteger } from '../../charts/format.ts';
import { indexOf, indicesOf, type Build } from '../../state/feature/state.ts';
import { restWords } from '../../state/feature/words.ts';
import { leftWords } from '../../state/shared/leftWords.ts';
import { Going, useSeconds } from '../shared/Going.tsx';
import { Empty, Failure, Panel } from '../shared/Panel.tsx';
import { ClusterIndexRecipes } from './ClusterIndexRecipes.tsx';
import { useFeature, useFeatureActions } from './FeatureContext.tsx';
import { OpenIndex } from './OpenIndex.tsx';

/** Tokens to read: a first look, and what is usual. */
const AMOUNTS = [20_000, 100_000, 400_000] as const;
const USUAL = 100_000;

/** Whether anybody knows when the features of a dictionary fire, and what finds it out. */
export function IndexPanel({ dictionary }: { dictionary: DictionaryInfo }) {
  const indices = useFeature((s) => s.indices);
  const corpus = useFeature((s) => s.corpus);
  const short = useFeature((s) => s.summary?.dictionary === dictionary.id && s.summary.summary.short);
  const build = useFeature((s) => s.build);
  const own = indicesOf(indices, dictionary.id);
  const shown = indexOf({ indices, corpus, build }, dictionary.id);
  const isMine = build?.dictionary === dictionary.id;
  if (isMine && build.status === 'running') return <Building build={build} />;
  if (indices.status === 'absent') {
    return (
      <Panel title="When it fires">
        <Empty>This copy of the page cannot read a text for all features at once, so when this one fires cannot be had.</Empty>
      </Panel>
    );
  }
  if (indices.status === 'failed') {
    return (
      <Panel title="When it fires">
        <Failure message={indices.message} />
      </Panel>
    );
  }
  if (indices.status === 'waiting') return null;
  const failure = isMine && build.status === 'failed' ? build.message : null;
  if (!shown) return <NoIndex dictionary={dictionary} begun={own[0]} failure={failure} busy={build?.status === 'running'} />;
  const whole = own.filter(({ tokens, total }) => tokens === total);
  if (!short && whole.length < 2 && failure === null) return null;
  return (
    <div className="index-line">
      {failure !== null && <Failure message={failure} />}
      <Corpora own={whole} shown={shown} />
      {short && <More dictionary={dictionary} />}
    </div>
  );
}

function Building({ build }: { build: Extract<Build, { status: 'running' }> }) {
  const { stopBuilding } = useFeatureActions();
  const seconds = useSeconds(build.began);
  return (
    <Panel title="Reading a text for all features of this dictionary">
      <Going
        words={build.message === '' ? 'Tokens read' : build.message.replace(/[.…]+$/, '')}
        done={build.done}
        total={build.total}
        left={leftWords(build.done, build.total, seconds)}
        onStop={stopBuilding}
      />
      <p className="hint">The page can be used meanwhile. Cancelled, it keeps what was read, and goes on there the next time.</p>
    </Panel>
  );
}

interface NoIndexProps {
  dictionary: DictionaryInfo;
  /** One that was stopped: it goes on where it was. */
  begun: IndexInfo | undefined;
  failure: string | null;
  /** Another dictionary's is being made. */
  busy: boolean;
}

function NoIndex({ dictionary, begun, failure, busy }: NoIndexProps) {
  const { buildIndex } = useFeatureActions();
  const [tokens, setTokens] = useState<number>(begun?.total ?? USUAL);
  return (
    <Panel title="When it fires">
      {failure !== null && <Failure message={failure} />}
      <Empty>
        {begun
          ? `The text was read for the features of ${dictionary.label} up to ${formatInteger(begun.tokens)} of ${formatInteger(begun.total)} tokens and then stopped; it goes on there.`
          : `Nobody has read a text for the features of ${dictionary.label} yet, so when they fire is not known. The text that ships with the page is read once for all ${formatInteger(dictionary.d_sae)} of them.`}{' '}
        {formatInteger(USUAL)} tokens take from half a minute to several minutes on a CPU, less with a graphics card. The page can be used
        meanwhile, and what was read is kept.
      </Empty>
      <div className="panel-foot">
        <label className="inline-field">
          Tokens{' '}
          <select value={tokens} onChange={(e) => setTokens(Number(e.target.value))}>
            {[...new Set([...AMOUNTS, tokens])].map((n) => (
              <option key={n} value={n}>
                {formatInteger(n)}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          className="button-main"
          disabled={busy}
          title={busy ? 'The text is being read for another dictionary.' : undefined}
          onClick={() => void buildIndex(dictionary.id, tokens)}
        >
          {begun ? 'Go on reading' : 'Read the text'}
        </button>
        <OpenIndex />
      </div>
      <ClusterIndexRecipes dictionary={dictionary} />
    </Panel>
  );
}

function Corpora({ own, shown }: { own: readonly IndexInfo[]; shown: IndexInfo }) {
  const { chooseCorpus } = useFeatureActions();
  if (own.length < 2) return null;
  return (
    <label className="inline-field">
      Text{' '}
      <select value={shown.corpus} onChange={(e) => chooseCorpus(e.target.value)}>
        {own.map((info) => (
          <option key={info.corpus} value={info.corpus}>
            {restWords(info)}
          </option>
        ))}
      </select>
    </label>
  );
}

function More({ dictionary }: { dictionary: DictionaryInfo }) {
  const { buildIndex } = useFeatureActions();
  const busy = useFeature((s) => s.build?.status === 'running');
  return (
    <>
      <span className="hint">These figures came with the page, with few contexts of each feature.</span>
      <button type="button" className="button-small" disabled={busy} onClick={() => void buildIndex(dictionary.id, USUAL)}>
        Read the text here, for more contexts
      </button>
      <OpenIndex />
    </>
  );
}
