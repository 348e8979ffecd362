import { useCallback, useEffect, useId, useMemo, useState, type FormEvent } from 'react';
import type { FeaturescopeApi } from '../../../api/featurescope.ts';
import type { HubModel, HubPlan, KeptModel } from '../../../api/model.ts';
import { formatBytes } from '../../../charts/format.ts';
import { Field } from '../../shared/fields.tsx';
import { Failure } from '../../shared/Panel.tsx';
import { Sheet } from '../../shared/Sheet.tsx';
import { useActions } from '../store.ts';
import { CATALOGUE, REPOSITORIES, STEPS } from './catalogue.ts';
import { KeptModels } from './KeptModels.tsx';
import { fetchWords, LookingUp, useLookUp, type Result } from './lookUp.tsx';
import { MirrorField } from './MirrorField.tsx';

type Api = Pick<FeaturescopeApi, 'models' | 'settings' | 'storage'>;

/** Choosing a model of the hub: its size is known before anything of it is fetched. */
export function HubDialog({ api, id }: { api: Api; id: string | undefined }) {
  const { openDialog, loadModel } = useActions();
  const [chosen, setChosen] = useState<Required<HubModel>>(() => fieldsOf(id ?? ''));
  const [kept, setKept] = useState<KeptModel[]>([]);
  const { models } = api;
  const plan = useCallback((model: Required<HubModel>, signal: AbortSignal) => models.plan(model, { signal }), [models]);
  const { asked, lookUp, result } = useLookUp(
    useMemo(() => (id === undefined ? null : fieldsOf(id)), [id]),
    plan,
  );

  const reload = useCallback(() => void models.kept().then(setKept, () => undefined), [models]);
  useEffect(reload, [reload]);

  const choose = (model: Required<HubModel>) => {
    setChosen(model);
    lookUp(model);
  };
  const open = ({ hub, revision, id: name }: HubPlan | KeptModel) => {
    openDialog(null);
    void loadModel({ hub, revision }, name);
  };
  return (
    <Sheet title="Models from the hub" onClose={() => openDialog(null)} className="hub">
      <RepositoryForm chosen={chosen} onChange={setChosen} onLookUp={() => lookUp({ ...chosen })} />
      <Found asked={asked} result={result} onOpen={open} onCancel={() => lookUp(null)} />
      <Catalogue kept={kept} onChoose={(hub) => choose({ hub, revision: 'main' })} />
      <KeptModels kept={kept} onOpen={open} onDelete={(item) => api.storage.remove('model', item.id).finally(reload)} />
      <MirrorField settings={api.settings} />
    </Sheet>
  );
}

function fieldsOf(id: string): Required<HubModel> {
  const [hub, revision = 'main'] = id.replace(/\+random\.\d+$/, '').split('@');
  return { hub, revision };
}

interface RepositoryFormProps {
  chosen: Required<HubModel>;
  onChange: (model: Required<HubModel>) => void;
  onLookUp: () => void;
}

function RepositoryForm({ chosen, onChange, onLookUp }: RepositoryFormProps) {
  const repositories = useId();
  const steps = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onLookUp();
  };
  const usual = { autoComplete: 'off', autoCapitalize: 'off', spellCheck: false } as const;
  return (
    <section className="sheet-section" aria-label="Any repository">
      <form className="hub-form" onSubmit={submit}>
        <Field label="Repository">
          <input
            {...usual}
            list={repositories}
            placeholder="EleutherAI/pythia-70m-deduped"
            value={chosen.hub}
            onChange={(e) => onChange({ ...chosen, hub: e.target.value.trim() })}
          />
        </Field>
        <Field label="Revision">
          <input
            {...usual}
            list={steps}
            value={chosen.revision}
            onChange={(e) => onChange({ ...chosen, revision: e.target.value.trim() })}
          />
        </Field>
        <button type="submit" className="button" disabled={chosen.hub === '' || chosen.revision === ''}>
          Look up
        </button>
        <Options id={repositories} values={REPOSITORIES} />
        <Options id={steps} values={STEPS} />
      </form>
      <p className="hint">
        Any GPT-NeoX model. EleutherAI’s repositories have a revision for each of 154 training steps, from <code>step0</code> to{' '}
        <code>step143000</code>.
      </p>
    </section>
  );
}

function Options({ id, values }: { id: string; values: readonly string[] }) {
  return (
    <datalist id={id}>
      {values.map((value) => (
        <option key={value} value={value} />
      ))}
    </datalist>
  );
}

interface FoundProps {
  asked: Required<HubModel> | null;
  /** null: on its way. */
  result: Result<HubPlan> | null;
  onOpen: (plan: HubPlan) => void;
  onCancel: () => void;
}

function Found({ asked, result: plan, onOpen, onCancel }: FoundProps) {
  if (!asked) return null;
  if (!plan) return <LookingUp name={asked.hub} onCancel={onCancel} />;
  if ('message' in plan) return <Failure message={plan.message} />;
  return (
    <section className="hub-plan" aria-label={`Files of ${plan.id}`}>
      <strong>
        {plan.id}: {formatBytes(plan.bytes)}
      </strong>
      <ul className="hint">
        {plan.files.map(({ path, bytes }) => (
          <li key={path}>
            {path}, {formatBytes(bytes)}
          </li>
        ))}
      </ul>
      <p className="hint">From {new URL(plan.host).host}. It is fetched once and stays in this browser until you delete it.</p>
      <div className="panel-foot">
        <button type="button" className="button" onClick={() => onOpen(plan)}>
          {fetchWords(plan)}
        </button>
      </div>
    </section>
  );
}

function Catalogue({ kept, onChoose }: { kept: KeptModel[]; onChoose: (hub: string) => void }) {
  const isHere = (hub: string) => kept.some((model) => model.whole && model.hub === hub);
  return (
    <section className="sheet-section" aria-label="Pythia">
      <h3>Pythia</h3>
      <ul className="library">
        {CATALOGUE.map(({ name, onnx, onnxBytes, checkpoint, checkpointBytes }) => (
          <li key={name}>
            <span className="library-words">
              <strong>{name}</strong>
              <span className="hint">
                about {formatBytes(onnxBytes)} as ONNX, {formatBytes(checkpointBytes)} as published (any training step)
                {(isHere(onnx) || isHere(checkpoint)) && '; kept here'}
              </span>
            </span>
            <span className="library-tools">
              <button type="button" className="button-small" onClick={() => onChoose(onnx)} aria-label={`${name} as ONNX`} title={onnx}>
                ONNX
              </button>
              <button
                type="button"
                className="button-small"
                onClick={() => onChoose(checkpoint)}
                aria-label={`${name} as published`}
                title={checkpoint}
              >
                Published
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
