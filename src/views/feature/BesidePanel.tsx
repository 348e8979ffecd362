import { useId, useState } from 'react';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { formatInteger } from '../../charts/format.ts';
import { TableTwin } from '../../charts/TableTwin.tsx';
import { besideCsv, besideTable } from '../../state/feature/besideWords.ts';
import { BESIDE_EFFECT_TOKENS, BESIDE_KINDS, BESIDE_TOKENS, directionsHere } from '../../state/feature/beside.ts';
import type { Beside, BesideEffects, Part } from '../../state/feature/state.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { DownloadButton } from '../shared/CopyButton.tsx';
import { Info } from '../shared/Info.tsx';
import { Panel } from '../shared/Panel.tsx';
import { useApp } from '../shared/StoreContext.tsx';
import { BesideColumn } from './BesideColumn.tsx';
import type { OpenContext } from './choices.ts';
import { useFeature, useFeatureActions } from './FeatureContext.tsx';
import { PartBody } from './PartBody.tsx';

interface BesideProps {
  part: Part<Beside>;
  effects: Part<BesideEffects>;
  place: FeaturePlace;
  dictionary: DictionaryInfo;
  onOpen: OpenContext;
}

const ABSENT = 'This copy of the page makes no other directions to compare a feature with.';

/** The counter-example: how a neuron, a component and a random direction look in the same pictures. */
export function BesidePanel({ part, effects, place, dictionary, onOpen }: BesideProps) {
  return (
    <Panel
      title="Is it more than a neuron?"
      className="panel-beside"
      aside={
        <Info about="directions beside the feature">
          Of all neurons, principal or independent components and random directions of the same hook, the one whose values over{' '}
          {formatInteger(BESIDE_TOKENS)} tokens of the text that ships go with the feature’s most, by Pearson correlation (of components,
          whose sign means nothing, by its size). Of so many one is always near by chance: the random direction shows how near.
        </Info>
      }
    >
      <PartBody part={part} name="beside" absent={ABSENT} long="Comparing" before={<Ask dictionary={dictionary} />}>
        {(beside) => <Columns {...{ beside, effects, place, dictionary, onOpen }} />}
      </PartBody>
    </Panel>
  );
}

/** Which kinds, and what has to be made for it. */
function Ask({ dictionary }: { dictionary: DictionaryInfo }) {
  const { lookBeside } = useFeatureActions();
  const dictionaries = useApp((s) => s.dictionaries);
  const [kinds, setKinds] = useState(() => BESIDE_KINDS.filter(({ isUsual }) => isUsual).map(({ kind }) => kind));
  const here = directionsHere(dictionaries.status === 'done' ? dictionaries.list : [], dictionary.hook);
  const missing = kinds.some((kind) => !here.has(kind));
  const legend = useId();
  return (
    <>
      <p className="hint">
        The neuron, component and random direction of {dictionary.hook} that read most like this feature, in the same pictures.
      </p>
      <div className="panel-foot" role="group" aria-labelledby={legend}>
        <span id={legend} className="visually-hidden">
          Kinds of directions
        </span>
        {BESIDE_KINDS.map(({ kind, words }) => (
          <label key={kind} className="check">
            <input
              type="checkbox"
              checked={kinds.includes(kind)}
              onChange={(e) => setKinds((was) => (e.target.checked ? [...was, kind] : was.filter((other) => other !== kind)))}
            />
            {words}
          </label>
        ))}
      </div>
      <div className="panel-foot">
        <button type="button" disabled={kinds.length === 0} onClick={() => lookBeside(kinds)}>
          Put them beside it
        </button>
        <span className="hint">
          {missing
            ? 'About a minute on a CPU the first time, ICA longer: what is not here yet is made and read, and stays in the library under “Other directions”.'
            : 'They are here already; some seconds on a CPU.'}
        </span>
      </div>
    </>
  );
}

interface ColumnsProps extends Omit<BesideProps, 'part'> {
  beside: Beside;
}

function Columns({ beside, effects, place, dictionary, onOpen }: ColumnsProps) {
  const { measureBeside, retry } = useFeatureActions();
  const names = useFeature((s) => s.names);
  const { own, columns } = beside;
  const measured = effects.status === 'done' ? effects.value.effects : [];
  const table = () => besideTable(beside, measured, names);
  const all = [{ ...own, kind: null, correlation: NaN, cosine: NaN }, ...columns];
  return (
    <>
      <div className="beside" role="region" aria-label="Beside each other" tabIndex={0}>
        {all.map((column, i) => (
          <BesideColumn key={column.dictionary + column.latent} column={column} effects={measured[i]} onOpen={onOpen} />
        ))}
      </div>
      <PartBody
        part={effects}
        name="besideEffects"
        absent="This copy of the page cannot measure what changes when something is taken out."
        long="Measuring"
        before={
          <div className="panel-foot">
            <button type="button" onClick={measureBeside}>
              Measure what each does, on {formatInteger(BESIDE_EFFECT_TOKENS)} tokens
            </button>
            <span className="hint">Some ten seconds for each on a CPU. Each is taken out at every position.</span>
          </div>
        }
      >
        {() => null}
      </PartBody>
      <TableTwin title="The feature and directions beside it" table={table} />
      <div className="panel-foot">
        <DownloadButton
          label="Download as CSV"
          name={`feature ${place.latent} beside ${dictionary.id.replaceAll('/', ' ')}.csv`}
          text={() => besideCsv(table())}
        />
        <button type="button" className="button-small" onClick={() => retry('beside')}>
          Choose other kinds
        </button>
      </div>
    </>
  );
}
