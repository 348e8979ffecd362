import { useMemo, type ReactNode } from 'react';
import type { ModelInfo } from '../../api/model.ts';
import { TRAINABLE } from '../../core/train/architectures/index.ts';
import { ADVANCED_FIELDS, TOKENS_FIELD, type FieldName, type NumberField } from '../../state/train/trainingFields.ts';
import { corpusNames, emptyDictionary, readForm, type ReadForm, type TrainingForm } from '../../state/train/trainingForm.ts';
import { usedNumber, usedSeed } from '../../state/train/usedValues.ts';
import { Empty, Panel, Skeleton } from '../shared/Panel.tsx';
import { useApp } from '../shared/StoreContext.tsx';
import { CorpusFields } from './CorpusFields.tsx';
import { DictionaryFields } from './DictionaryFields.tsx';
import { Presets } from './Presets.tsx';
import { ClusterRecipes } from './ClusterRecipes.tsx';
import { RunPreview } from './RunPreview.tsx';
import { SettingsJson } from './SettingsJson.tsx';
import { Problem, TextField } from './TextField.tsx';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';

/** What is to be trained, on what, for how long. */
export function SetupPanel() {
  const model = useApp((s) => s.model);
  const boot = useApp((s) => s.boot);
  const form = useTraining((s) => s.form);
  return (
    <Panel title="New run" className="panel-setup">
      {boot.status === 'failed' && !model && <Empty>A run needs a model, and none is open. The line above says why.</Empty>}
      {boot.status === 'loading' && <Skeleton lines={8} />}
      {model && form && <Setup model={model} form={form} />}
    </Panel>
  );
}

function Setup({ model, form }: { model: ModelInfo; form: TrainingForm }) {
  const corpora = useTraining((s) => s.corpora);
  const { setForm } = useTrainingActions();
  const read = useMemo(() => readForm(form, model, corpusNames(corpora)), [form, model, corpora]);
  const { problems } = read;
  const put = (patch: Partial<TrainingForm>) => setForm({ ...form, ...patch });
  const putNumber = (name: FieldName, text: string) => put({ numbers: { ...form.numbers, [name]: text } });
  const field = (f: NumberField) => (
    <TextField
      key={f.name}
      label={f.label}
      value={form.numbers[f.name] ?? ''}
      standard={usedNumber(f, form)}
      help={f.help}
      problem={problems[f.name]}
      onChange={(text) => putNumber(f.name, text)}
    />
  );
  return (
    <form
      className="setup"
      onSubmit={(e) => {
        e.preventDefault();
      }}
    >
      <div className="setup-form">
        <Presets model={model} />
        <DictionaryGroups model={model} form={form} problems={problems} put={put} />
        <CorpusFields chosen={form.corpus} problem={problems.corpus} onChange={(corpus) => put({ corpus })} />
        <div className="train-group">
          {field(TOKENS_FIELD)}
          <TextField
            label="Name of the run"
            value={form.name}
            placeholder="made from what is trained"
            numeric={false}
            onChange={(name) => put({ name })}
          />
        </div>
        <Advanced form={form} problems={problems} field={field} put={put} />
        <SettingsJson config={read.config} />
        <ClusterRecipes config={read.config} model={model} />
      </div>
      <RunPreview model={model} form={form} read={read} />
    </form>
  );
}

interface PartProps {
  form: TrainingForm;
  problems: ReadForm['problems'];
  put: (patch: Partial<TrainingForm>) => void;
}

/** Groups of dictionaries that train side by side on the same text. */
function DictionaryGroups({ model, form, problems, put }: PartProps & { model: ModelInfo }) {
  const groups = form.dictionaries;
  const several = groups.length > 1;
  return (
    <>
      {groups.map((group, i) => (
        <section key={i} className="train-dictionaries" aria-label={several ? `Dictionaries ${i + 1}` : 'Dictionaries'}>
          {several && (
            <header className="panel-header">
              <h3>Dictionaries {i + 1}</h3>
              <button type="button" className="button-small" onClick={() => put({ dictionaries: groups.filter((_, j) => j !== i) })}>
                Take out
              </button>
            </header>
          )}
          <DictionaryFields
            model={model}
            group={group}
            seed={usedSeed(form)}
            problems={problemsOf(problems, i)}
            onChange={(next) => put({ dictionaries: groups.map((other, j) => (j === i ? next : other)) })}
          />
        </section>
      ))}
      <Problem text={problems.dictionaries} />
      <button
        type="button"
        className="button-small"
        title="Dictionaries of another kind that train on the same text at the same time"
        onClick={() => put({ dictionaries: [...groups, emptyDictionary(model, TRAINABLE.at(-1))] })}
      >
        Add other dictionaries
      </button>
    </>
  );
}

/** What few change. */
function Advanced({ form, problems, field, put }: PartProps & { field: (f: NumberField) => ReactNode }) {
  const isWrong = ADVANCED_FIELDS.some(({ fields }) => fields.some(({ name }) => problems[name]));
  return (
    <details className="fold advanced">
      <summary>Advanced {isWrong && <span className="field-problem">something here is wrong</span>}</summary>
      {ADVANCED_FIELDS.map(({ title, fields }) => (
        <fieldset key={title} className="train-group">
          <legend>{title}</legend>
          <div className="advanced-fields">{fields.map(field)}</div>
          {title === 'Text and measuring' && <PositionChoices form={form} put={put} />}
        </fieldset>
      ))}
    </details>
  );
}

function PositionChoices({ form, put }: Pick<PartProps, 'form' | 'put'>) {
  return (
    <>
      <label className="check">
        <input type="checkbox" checked={form.keep_first} onChange={(e) => put({ keep_first: e.target.checked })} />
        <span>Train on the first position of each context</span>
      </label>
      <label className="check">
        <input type="checkbox" checked={form.keep_end_of_text} onChange={(e) => put({ keep_end_of_text: e.target.checked })} />
        <span>
          Train on positions of <code>&lt;|endoftext|&gt;</code>
        </span>
      </label>
    </>
  );
}

function problemsOf(problems: ReadForm['problems'], group: number): ReadForm['problems'] {
  const start = `dictionaries.${group}.`;
  return Object.fromEntries(
    Object.entries(problems).flatMap(([name, words]) => (name.startsWith(start) ? [[name.slice(start.length), words]] : [])),
  );
}
