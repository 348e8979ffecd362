import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { LIMITS, MODES, usualContexts, type ContextChoice, type TreeSettings } from '../../state/circuits/settings.ts';
import { MODE_FORMULAS, MODE_NAMES, MODE_WORDS } from '../../state/circuits/words.ts';
import { Choice, Field, NumberInput } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import { useApp } from '../shared/StoreContext.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { ContextsField } from './ContextsField.tsx';
import { DictionaryPicks } from './DictionaryPicks.tsx';

const NONE: readonly DictionaryInfo[] = [];

/** What to measure: the target, where its parents are looked for, on which contexts, and how. */
export function TreeForm({ busy }: { busy: boolean }) {
  const { setTree, grow } = useCircuitsActions();
  const settings = useCircuits((s) => s.place.tree);
  const fires = useCircuits((s) => s.fires);
  const list = useApp((s) => (s.dictionaries.status === 'done' ? s.dictionaries.list : NONE));
  const target = list.find(({ id }) => id === settings.dictionary);
  const contexts = settings.contexts ?? usualContexts(fires === true);
  const wrong = wrongWith(settings, target);
  return (
    <form
      className="circuits-form"
      onSubmit={(event) => {
        event.preventDefault();
        void grow();
      }}
    >
      <Target settings={settings} target={target} list={list} />
      <ContextsField
        choice={contexts}
        usual={settings.contexts === null}
        fires={fires}
        target={settings}
        onChange={(choice: ContextChoice) => setTree({ contexts: choice })}
      />
      <DictionaryPicks legend="Parents from" target={target} from={settings.from} onChange={(from) => setTree({ from })} />
      <Measure settings={settings} />
      <Extent settings={settings} />
      <div className="panel-foot">
        <button type="submit" className="button-main" disabled={busy || wrong !== ''}>
          Grow the tree
        </button>
        <span className="hint">{wrong !== '' ? wrong : 'The likeliest strong parents come first; it can be stopped at any time.'}</span>
      </div>
    </form>
  );
}

function wrongWith({ dictionary, latent }: TreeSettings, target: DictionaryInfo | undefined): string {
  if (dictionary === '') return 'Choose a dictionary and a feature of it, or press “What causes it” on the page of a feature.';
  if (!target) return 'This dictionary is not here.';
  if (!target.fits) return 'This dictionary does not fit the model in use.';
  if (Number.isNaN(latent)) return 'Type the number of a feature.';
  return latent < target.d_sae ? '' : `It has ${target.d_sae} features: 0 to ${target.d_sae - 1}.`;
}

function Target({
  settings,
  target,
  list,
}: {
  settings: TreeSettings;
  target: DictionaryInfo | undefined;
  list: readonly DictionaryInfo[];
}) {
  const { setTree } = useCircuitsActions();
  const { dictionary, latent } = settings;
  const fitting = list.filter(({ fits }) => fits);
  return (
    <div className="field-row">
      <Field label="Dictionary of the target">
        <select data-wide="" value={dictionary} onChange={(e) => setTree({ dictionary: e.target.value, from: null })}>
          {!target && <option value={dictionary}>{dictionary === '' ? 'choose one' : `${dictionary} (not here)`}</option>}
          {fitting.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Feature">
        <input
          type="text"
          inputMode="numeric"
          className="number-input"
          value={Number.isNaN(latent) ? '' : String(latent)}
          onChange={(e) => setTree({ latent: /^\d{1,9}$/.test(e.target.value.trim()) ? Number(e.target.value) : NaN })}
        />
      </Field>
    </div>
  );
}

/** How a parent is taken out, and how much of the tree is drawn. */
function Measure({ settings }: { settings: TreeSettings }) {
  const { setTree } = useCircuitsActions();
  const { mode, parents, threshold, depth, seed } = settings;
  return (
    <div className="field-row field-row-numbers">
      <div className="field">
        <span className="field-label with-info">
          <label htmlFor="tree-mode">What happens to a parent</label>
          <Info about="the measure">
            {MODE_WORDS[mode]} <span className="formula">{MODE_FORMULAS[mode]}</span>, at the last token of each context. What a dictionary
            does not explain of the activation, its error, is kept; it is also taken out by itself, and drawn as a diamond.
          </Info>
        </span>
        <select id="tree-mode" value={mode} onChange={(e) => setTree({ mode: e.target.value as TreeSettings['mode'] })}>
          {MODES.map((one) => (
            <option key={one} value={one}>
              {MODE_NAMES[one]}
            </option>
          ))}
        </select>
      </div>
      <Field label="Parents of a node">
        <NumberInput value={parents} {...LIMITS.parents} step={1} onChange={(value) => setTree({ parents: Math.round(value) })} />
      </Field>
      <Field label="Weakest effect, %">
        <NumberInput value={threshold} {...LIMITS.threshold} onChange={(value) => setTree({ threshold: value })} />
      </Field>
      <Field label="Levels">
        <select value={depth ?? ''} onChange={(e) => setTree({ depth: e.target.value === '' ? null : Number(e.target.value) })}>
          <option value="">to the tokens</option>
          {[1, 2, 3, 4, 5, 6].map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Seed">
        <NumberInput value={seed} {...LIMITS.seed} step={1} onChange={(value) => setTree({ seed: Math.round(value) })} />
      </Field>
    </div>
  );
}

/** How far the tree is grown, and what stands beside its numbers. */
function Extent({ settings }: { settings: TreeSettings }) {
  const { setTree } = useCircuitsActions();
  const { expand, controls } = settings;
  return (
    <div className="field-row">
      <Choice
        legend="Below the first level"
        options={[
          {
            value: 'paper',
            label: 'the strongest of each',
            title: 'As the paper draws it: all parents of the target, below that the strongest',
          },
          { value: 'all', label: 'every node', title: 'Takes far longer' },
        ]}
        value={expand}
        onChange={(value) => setTree({ expand: value })}
      />
      <label className="check">
        <input type="checkbox" checked={controls} onChange={(e) => setTree({ controls: e.target.checked })} />
        <span>Controls for every edge</span>
        <Info about="controls">
          The same is measured for another feature of near-equal density and for a random direction of equal size. Where they move the
          target as much as the parent does, the edge says nothing about the parent. About three times the work.
        </Info>
      </label>
    </div>
  );
}
