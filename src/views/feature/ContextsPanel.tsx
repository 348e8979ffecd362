import { useRef, useState, type KeyboardEvent } from 'react';
import type { Domain } from '../../charts/axes.ts';
import { formatNumber } from '../../charts/format.ts';
import { moveCursor } from '../../charts/keys.ts';
import { Legend } from '../../charts/Legend.tsx';
import { linearScale } from '../../charts/scales.ts';
import { TableTwin } from '../../charts/TableTwin.tsx';
import type { Context } from '../../api/features.ts';
import { contextGroups, fullColour, type ContextGroup } from '../../state/feature/contexts.ts';
import { contextsCsv } from '../../state/feature/files.ts';
import type { Firing } from '../../state/feature/state.ts';
import { restWords } from '../../state/feature/words.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { DownloadButton } from '../shared/CopyButton.tsx';
import { Choice } from '../shared/fields.tsx';
import { Panel } from '../shared/Panel.tsx';
import type { Choices, Choose, OpenContext } from './choices.ts';
import { ContextRow } from './ContextRow.tsx';
import { contextsTable, emptyWords, groupWords } from './contextWords.ts';

const LENGTHS = [
  { value: 'short', label: 'Short', title: 'Five tokens on each side' },
  { value: 'sentence', label: 'Sentence', title: 'To where a sentence or a line ends, as far as the context reaches' },
  { value: 'long', label: 'Long', title: 'All that is kept: 16 tokens before, 8 after' },
] as const;
const SCALES = [
  { value: 'feature', label: 'Feature', title: 'Full colour: the largest value of the feature' },
  { value: 'row', label: 'Row', title: 'Full colour: the largest value of each row' },
] as const;

interface ContextsProps {
  firing: Firing;
  place: FeaturePlace;
  choices: Choices;
  onChoose: Choose;
  range: Domain | null;
  /** Back to contexts of all values. */
  onAll: () => void;
  onOpen: OpenContext;
}

/** Where it fires, strongest, at every strength, anywhere, and where it nearly does. */
export function ContextsPanel(props: ContextsProps) {
  const { firing, place, choices, onChoose, range, onAll } = props;
  const { record, index } = firing;
  const groups = contextGroups(record, range);
  const title = `Contexts of feature ${place.latent}`;
  return (
    <Panel
      title="Contexts"
      className="panel-contexts"
      aside={
        <>
          <Choice legend="Length" options={LENGTHS} value={choices.length} onChange={(length) => onChoose({ length })} />
          <Choice legend="Colour by" options={SCALES} value={choices.scale} onChange={(scale) => onChoose({ scale })} />
          <label className="check">
            <input type="checkbox" checked={choices.breaks} onChange={(e) => onChoose({ breaks: e.target.checked })} />
            Line breaks
          </label>
        </>
      }
    >
      {range && (
        <p className="hint">
          Of values {formatNumber(range[0])} to {formatNumber(range[1])} alone.{' '}
          <button type="button" className="button-small" onClick={onAll}>
            All values
          </button>
        </p>
      )}
      <div className="context-choice">
        <Choice
          legend="Show"
          options={groups.map(({ name, title: label }) => ({ value: name, label }))}
          value={choices.group}
          onChange={(group) => onChoose({ group })}
        />
      </div>
      <div className="context-groups" data-length={choices.length} data-metric="feature">
        {groups.map((group) => (
          <Group key={group.name} group={group} {...props} />
        ))}
      </div>
      <ColourLegend record={record} choices={choices} />
      <p className="hint">
        From {restWords(index)}, read in windows from an empty context. A context opened in Explore is read without what stood before it, so
        values there may differ.
      </p>
      <TableTwin title={title} table={() => contextsTable(groups, firing)} />
      <div className="panel-foot">
        <DownloadButton
          label="Download as CSV"
          name={`feature ${place.latent} contexts ${place.dictionary.replaceAll('/', ' ')}.csv`}
          text={() => contextsCsv(firing)}
        />
      </div>
    </Panel>
  );
}

function ColourLegend({ record, choices }: { record: Firing['record']; choices: Choices }) {
  const full = fullColour(record);
  if (full === 0) return null;
  const isSigned = record.histogram.edges[0] < 0;
  const below = isSigned ? ' Values below 0 are blue.' : '';
  return (
    <div data-metric="feature">
      {choices.scale === 'feature' ? (
        <Legend
          scale={linearScale(full)}
          caption={`Value ÷ the feature’s largest, ${formatNumber(full)}. Full colour: that value.${below}`}
        />
      ) : (
        <p className="legend">Each row by its own largest value: a colour means another value in another row.{below}</p>
      )}
    </div>
  );
}

function Group({ group, ...props }: ContextsProps & { group: ContextGroup }) {
  const { firing, choices, range } = props;
  const isEmpty = group.lists.every(({ contexts }) => contexts.length === 0);
  return (
    <section className="context-group" data-chosen={choices.group === group.name ? '' : undefined} aria-label={group.title}>
      <h3>{group.title}</h3>
      <p className="hint">{isEmpty ? emptyWords(group.name, firing.record, range !== null) : groupWords(group.name, firing.record)}</p>
      {group.lists.map(
        ({ words, contexts }) =>
          (contexts.length > 0 || words !== '') && <List key={words} words={words} contexts={contexts} name={group.name} {...props} />,
      )}
    </section>
  );
}

interface ListProps extends ContextsProps {
  words: string;
  contexts: readonly Context[];
  name: ContextGroup['name'];
}

/** One tab stop: arrows go from context to context, Enter opens one in Explore. */
function List({ words, contexts, name, firing, place, choices, onOpen }: ListProps) {
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const stop = Math.min(at, contexts.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const by: Record<string, string> = { ArrowDown: 'ArrowRight', ArrowUp: 'ArrowLeft' };
    const next = moveCursor(by[event.key] ?? (/^Arrow/.test(event.key) ? '' : event.key), stop, contexts.length);
    if (next === undefined) return;
    event.preventDefault();
    setAt(next);
    list.current?.querySelectorAll<HTMLElement>('.context')[next]?.focus();
  };
  return (
    <>
      {words !== '' && <h4>{words}</h4>}
      {contexts.length === 0 ? (
        <p className="hint">None of the contexts kept.</p>
      ) : (
        <ul ref={list} className="contexts" onKeyDown={onKeyDown}>
          {contexts.map((context, i) => (
            <ContextRow
              key={`${context.document} ${context.position}`}
              context={context}
              spelled={firing.texts.get(context)}
              full={fullColour(firing.record)}
              near={name === 'near'}
              stop={i === stop}
              onReach={() => setAt(i)}
              onOpen={(text) => onOpen({ text, position: context.at, dictionary: place.dictionary, latent: place.latent })}
              {...choices}
            />
          ))}
        </ul>
      )}
    </>
  );
}
