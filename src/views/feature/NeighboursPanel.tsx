import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { Neighbours } from '../../api/features.ts';
import { formatInteger } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import type { Part } from '../../state/feature/state.ts';
import { densityWords } from '../../state/feature/words.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { toCsv } from '../../state/shared/csv.ts';
import { DownloadButton } from '../shared/CopyButton.tsx';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { Info } from '../shared/Info.tsx';
import { Panel } from '../shared/Panel.tsx';
import { useApp } from '../shared/StoreContext.tsx';
import { Called } from './Called.tsx';
import { useFeature, useFeatureActions } from './FeatureContext.tsx';
import { PartBody } from './PartBody.tsx';

/** On which it is counted what fires together. */
const TOKENS = 20_000;

interface NeighboursProps {
  part: Part<Neighbours>;
  together: Part<NonNullable<Neighbours['together']>>;
  place: FeaturePlace;
  dictionary: DictionaryInfo;
}

/** Features that are like it. */
export function NeighboursPanel({ part, together, place, dictionary }: NeighboursProps) {
  return (
    <Panel
      title="Neighbours"
      className="panel-neighbours"
      aside={
        <Info about="neighbours">
          Near by direction: cosine of the decoder rows, 1 for the same direction, −1 for the opposite. Near in use: Jaccard, the tokens on
          which both fire ÷ those on which either does, and the Pearson correlation of their values. In another dictionary: the one of
          highest cosine, and whether that one’s best match is this one.
        </Info>
      }
    >
      <PartBody part={part} name="neighbours" absent="This copy of the page cannot look for features that are near.">
        {(found) => <Lists found={found} together={together} place={place} dictionary={dictionary} />}
      </PartBody>
    </Panel>
  );
}

interface ListsProps extends Omit<NeighboursProps, 'part'> {
  found: Neighbours;
}

function Lists({ found, together, place, dictionary }: ListsProps) {
  const own = place.dictionary;
  return (
    <>
      <Table
        caption={`By direction, among all of ${dictionary.label}`}
        heads={['Cosine']}
        rows={found.cosine.map(({ latent, value }) => ({ dictionary: own, latent, values: [value] }))}
      />
      <PartBody part={together} name="together" absent="" long="Counting" before={<CountTogether />}>
        {(counted) => (
          <Table
            caption={`By use, on ${formatInteger(TOKENS)} tokens of the text that ships`}
            heads={['Jaccard', 'Correlation']}
            rows={counted.map(({ latent, jaccard, correlation }) => ({ dictionary: own, latent, values: [jaccard, correlation] }))}
          />
        )}
      </PartBody>
      {found.elsewhere && found.elsewhere.length > 0 && <Elsewhere found={found.elsewhere} latent={place.latent} />}
      <div className="panel-foot">
        <DownloadButton
          label="Download as CSV"
          name={`feature ${place.latent} neighbours ${own.replaceAll('/', ' ')}.csv`}
          text={() => neighboursCsv(found, together.status === 'done' ? together.value : [], own)}
        />
      </div>
    </>
  );
}

function CountTogether() {
  const { countTogether } = useFeatureActions();
  return (
    <div className="panel-foot">
      <button type="button" className="button-small" onClick={() => countTogether(TOKENS)}>
        Count which fire together with it, on {formatInteger(TOKENS)} tokens
      </button>
    </div>
  );
}

interface Row {
  dictionary: string;
  latent: number;
  values: readonly number[];
}

function Table({ caption, heads, rows }: { caption: string; heads: readonly string[]; rows: readonly Row[] }) {
  const summary = useFeature((s) => s.summary);
  const named = useFeature((s) => s.named);
  return (
    <table className="neighbour-list">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Feature</th>
          <th scope="col">Fires on</th>
          {heads.map((head) => (
            <th key={head} scope="col" className="numeric">
              {head}
            </th>
          ))}
          <th scope="col" className="numeric">
            Density
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ dictionary, latent, values }) => {
          const figures = summary?.dictionary === dictionary ? summary.summary : null;
          const label = named.dictionary === dictionary ? named.byLatent.get(latent) : undefined;
          return (
            <tr key={latent}>
              <th scope="row">
                <FeatureLink dictionary={dictionary} latent={latent}>
                  {latent}
                </FeatureLink>
              </th>
              <td className="neighbour-name">
                {label ?? (figures ? <Called dictionary={dictionary} latent={latent} token={figures.token[latent]} /> : '–')}
              </td>
              {values.map((value, i) => (
                <td key={i} className="numeric">
                  <Num value={value} />
                </td>
              ))}
              <td className="numeric">{figures ? densityWords(figures.density[latent]) : '–'}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Elsewhere({ found, latent }: { found: NonNullable<Neighbours['elsewhere']>; latent: number }) {
  const dictionaries = useApp((s) => s.dictionaries);
  const labelOf = (id: string) => (dictionaries.status === 'done' ? dictionaries.list.find((d) => d.id === id)?.label : undefined) ?? id;
  return (
    <table className="neighbour-list">
      <caption>In other dictionaries of the same hook</caption>
      <thead>
        <tr>
          <th scope="col">Dictionary</th>
          <th scope="col">Feature</th>
          <th scope="col" className="numeric">
            Cosine
          </th>
          <th scope="col">Back</th>
        </tr>
      </thead>
      <tbody>
        {found.map((one) => (
          <tr key={one.dictionary}>
            <th scope="row">{labelOf(one.dictionary)}</th>
            <td>
              <FeatureLink dictionary={one.dictionary} latent={one.latent}>
                {one.latent}
              </FeatureLink>
            </td>
            <td className="numeric">
              <Num value={one.value} />
            </td>
            <td>{one.back === latent ? 'this one' : `feature ${one.back}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function neighboursCsv({ cosine, elsewhere = [] }: Neighbours, together: NonNullable<Neighbours['together']>, dictionary: string): string {
  return toCsv([
    ['measure', 'dictionary', 'feature', 'value'],
    ...cosine.map(({ latent, value }) => ['cosine', dictionary, latent, value]),
    ...together.flatMap(({ latent, jaccard, correlation }) => [
      ['jaccard', dictionary, latent, jaccard],
      ['correlation', dictionary, latent, correlation],
    ]),
    ...elsewhere.map((one) => ['cosine', one.dictionary, one.latent, one.value]),
  ]);
}
