import { useMemo } from 'react';
import type { LatentWeights, TokenWeight } from '../../api/features.ts';
import { formatInteger } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import { StackedHistogram } from '../../charts/StackedHistogram.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import { weightsCsv } from '../../state/feature/files.ts';
import type { Part } from '../../state/feature/state.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { Info } from '../shared/Info.tsx';
import { Panel } from '../shared/Panel.tsx';
import { Picture } from '../shared/Picture.tsx';
import { useFeature } from './FeatureContext.tsx';
import { PartBody } from './PartBody.tsx';

interface WeightsProps {
  part: Part<LatentWeights>;
  place: FeaturePlace;
}

/** What its weights say without any text. */
export function WeightsPanel({ part, place }: WeightsProps) {
  return (
    <Panel
      title="What it writes and reads"
      className="panel-weights"
      aside={
        <Info about="what it writes and reads">
          Writes: how much a value of 1 raises the logit of each token through the last LayerNorm’s weights and the unembedding, past all
          that comes between, and without LayerNorm’s scale: <span className="formula">((dec − mean dec) · ln_final.weight) · W_U</span>.
          Reads: how much the embedding of each token by itself drives it, <span className="formula">W_E · enc</span>. Features of late
          blocks are told better by what they write, those of early ones by what they read.
        </Info>
      }
    >
      <PartBody part={part} name="weights" absent="This copy of the page cannot tell what a feature writes and reads.">
        {(weights) => <Weights weights={weights} place={place} />}
      </PartBody>
    </Panel>
  );
}

function Weights({ weights, place }: { weights: LatentWeights; place: FeaturePlace }) {
  const names = useFeature((s) => s.names);
  const { writes, reads } = weights;
  const { histogram } = writes;
  const series = useMemo(() => [{ name: 'tokens', counts: histogram.counts }], [histogram]);
  const count = histogram.counts.reduce((sum, n) => sum + n, 0);
  const title = `What feature ${place.latent} writes to each token`;
  return (
    <>
      <div className="weight-lists">
        <Ends way="Writes" {...writes} />
        <Ends way="Reads" {...reads} />
      </div>
      {count > 0 && (
        <Picture name={`feature ${place.latent} writes ${place.dictionary}`} title={title} csv={() => weightsCsv(weights, names)}>
          <StackedHistogram
            title={title}
            formula={`all ${formatInteger(count)} tokens of the vocabulary, from the weights alone; logarithmic counts`}
            xName="written to the logit"
            yName="tokens"
            edges={histogram.edges}
            series={series}
            log
            height={150}
          />
        </Picture>
      )}
    </>
  );
}

interface EndsProps {
  way: string;
  top: readonly TokenWeight[];
  bottom: readonly TokenWeight[];
  /** Why there are none. */
  obstacle?: string;
}

function Ends({ way, top, bottom, obstacle }: EndsProps) {
  if (obstacle !== undefined) {
    return (
      <p className="hint weight-obstacle">
        {way}: {obstacle}
      </p>
    );
  }
  return (
    <>
      <List title={`${way}, most up`} tokens={top} />
      <List title={`${way}, most down`} tokens={bottom} />
    </>
  );
}

function List({ title, tokens }: { title: string; tokens: readonly TokenWeight[] }) {
  const names = useFeature((s) => s.names);
  return (
    <table className="weight-list">
      <caption>{title}</caption>
      <tbody>
        {tokens.map(({ id, value }) => (
          <tr key={id}>
            <th scope="row">
              <TokenSample name={{ text: names.get(id) ?? `[${id}]`, part: 1, of: 1 }} />
            </th>
            <td className="numeric">
              <Num value={value} signed />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
