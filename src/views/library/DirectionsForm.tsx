import { useEffect, useState } from 'react';
import type { BaselineOptions } from '../../api/features.ts';
import type { HookInfo, ModelInfo } from '../../api/model.ts';
import { BASELINE_KINDS, BASELINE_NUMBERS, DEFAULT_CORPUS, type BaselineForm } from '../../core/baselines/options.ts';
import { defaultHook, hookWidth, siteWords } from '../../state/shared/hooks.ts';
import { Choice, Field, NumberInput } from '../shared/fields.tsx';
import { useActions, useApp } from './store.ts';

type Kind = BaselineOptions['kind'];

/** What the form holds, whatever the kind takes of it. */
interface Draft {
  kind: Kind;
  hook: string;
  form: BaselineForm;
  k: number;
  signFixed: boolean;
  /** Unset until somebody types: all there are. */
  components: number | null;
  corpus: string;
  tokens: number;
  seed: number;
}

const FORMS: readonly { value: BaselineForm; label: string; title: string }[] = [
  { value: 'signed', label: 'as they are', title: 'One feature a component, with values of both signs' },
  { value: 'non_negative', label: 'both signs', title: 'Two features a component, + and −, each through a ReLU' },
  { value: 'topk', label: 'the k largest', title: 'Both signs, and only the k largest of a token' },
];

/** Kind, hook and settings of directions to make. */
export function DirectionsForm({ model }: { model: ModelInfo }) {
  const [draft, setDraft] = useState<Draft>(() => startOf(model));
  const isRunning = useApp((s) => s.directionsTask.status === 'running');
  const { makeDirections } = useActions();
  const { takes } = BASELINE_KINDS[draft.kind];
  const put = (patch: Partial<Draft>) => setDraft((was) => ({ ...was, ...patch }));
  const hooks = model.hooks.filter((hook) => hookWidth(hook) !== null);
  const width = hookWidth(hooks.find(({ name }) => name === draft.hook) ?? hooks[0]) ?? 0;
  return (
    <form
      className="directions-form"
      onSubmit={(event) => {
        event.preventDefault();
        void makeDirections(optionsOf(draft));
      }}
    >
      <div className="field-row">
        <Field label="Kind">
          <select value={draft.kind} onChange={(e) => put({ kind: e.target.value as Kind })}>
            {Object.entries(BASELINE_KINDS).map(([kind, { words }]) => (
              <option key={kind} value={kind}>
                {words}
              </option>
            ))}
          </select>
        </Field>
        <HookField hooks={hooks} value={draft.hook} onChange={(hook) => put({ hook, components: null })} />
      </div>
      {takes.includes('k') && <ScoreFields draft={draft} put={put} width={width} />}
      <div className="field-row field-row-numbers">
        {takes.includes('components') && (
          <NumberField
            label="Components"
            range={BASELINE_NUMBERS.components}
            value={draft.components ?? width}
            onChange={(components) => put({ components })}
          />
        )}
        {takes.includes('tokens') && (
          <NumberField label="Tokens" range={BASELINE_NUMBERS.tokens} value={draft.tokens} onChange={(tokens) => put({ tokens })} />
        )}
        {takes.includes('seed') && (
          <NumberField label="Seed" range={BASELINE_NUMBERS.seed} value={draft.seed} onChange={(seed) => put({ seed })} />
        )}
        {takes.includes('corpus') && <TextField value={draft.corpus} onChange={(corpus) => put({ corpus })} />}
      </div>
      <div className="panel-foot">
        <button type="submit" disabled={isRunning}>
          Make
        </button>
      </div>
    </form>
  );
}

interface PartProps {
  draft: Draft;
  put: (patch: Partial<Draft>) => void;
  width: number;
}

/** How scores become features. */
function ScoreFields({ draft, put, width }: PartProps) {
  return (
    <>
      <Choice legend="Values" options={FORMS} value={draft.form} onChange={(form) => put({ form })} />
      {draft.form === 'topk' && (
        <Field label="k, of a token">
          <NumberInput value={draft.k} min={1} max={2 * (draft.components ?? width)} step={1} onChange={(k) => put({ k: Math.round(k) })} />
        </Field>
      )}
      <label className="check">
        <input type="checkbox" checked={draft.signFixed} onChange={(e) => put({ signFixed: e.target.checked })} />
        Turn each so that its strongest values are positive
      </label>
    </>
  );
}

function HookField({ hooks, value, onChange }: { hooks: readonly HookInfo[]; value: string; onChange: (hook: string) => void }) {
  return (
    <Field label="Hook">
      <select data-wide value={value} onChange={(e) => onChange(e.target.value)}>
        {hooks.map(({ name }) => (
          <option key={name} value={name}>
            {siteWords(name) === '' ? name : `${name} — ${siteWords(name)}`}
          </option>
        ))}
      </select>
    </Field>
  );
}

interface NumberFieldProps {
  label: string;
  range: { least: number; most: number };
  value: number;
  onChange: (value: number) => void;
}

function NumberField({ label, range, value, onChange }: NumberFieldProps) {
  return (
    <Field label={label}>
      <NumberInput value={value} min={range.least} max={range.most} step={1} onChange={(typed) => onChange(Math.round(typed))} />
    </Field>
  );
}

/** Names come late, and may not come at all; the text that ships is there in any case. */
function TextField({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const [names, setNames] = useState<readonly string[]>([DEFAULT_CORPUS]);
  const { textNames } = useActions();
  useEffect(() => {
    let isHere = true;
    textNames().then(
      (found) => isHere && found.length > 0 && setNames(found),
      () => {},
    );
    return () => void (isHere = false);
  }, [textNames]);
  return (
    <Field label="Text">
      <select value={value} onChange={(e) => onChange(e.target.value)}>
        {[...new Set([value, ...names])].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
}

function startOf(model: ModelInfo): Draft {
  return {
    kind: 'pca',
    hook: defaultHook(model),
    form: 'signed',
    k: 32,
    signFixed: false,
    components: null,
    corpus: DEFAULT_CORPUS,
    tokens: BASELINE_NUMBERS.tokens.usual,
    seed: BASELINE_NUMBERS.seed.usual,
  };
}

/** Only what the kind takes. */
function optionsOf({ kind, hook, form, k, signFixed, components, corpus, tokens, seed }: Draft): BaselineOptions {
  const { takes } = BASELINE_KINDS[kind];
  const all: Omit<BaselineOptions, 'kind' | 'hook'> = {
    ...(form === 'topk' && { k }),
    ...(form === 'non_negative' && { non_negative: true }),
    sign_fixed: signFixed,
    ...(components !== null && { components }),
    corpus,
    tokens,
    seed,
  };
  return { kind, hook, ...Object.fromEntries(Object.entries(all).filter(([name]) => takes.includes(name as (typeof takes)[number]))) };
}
