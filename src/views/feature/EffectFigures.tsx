import type { Effects } from '../../api/features.ts';
import { formatInteger } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import { countOf, fromThreshold } from '../../state/feature/words.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';

interface EffectFiguresProps {
  effects: Effects;
  threshold: number;
  place: FeaturePlace;
}

/** The feature's effect in numbers, the controls' below it in grey. */
export function EffectFigures({ effects, threshold, place }: EffectFiguresProps) {
  const rows = [{ kind: 'this' as const, latent: place.latent, ...effects }, ...effects.controls];
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label="Effect in numbers">
      <table className="effect-figures">
        <thead>
          <tr>
            <th scope="col">Taken out</th>
            <th scope="col" className="numeric">
              Mean Δ
            </th>
            <th scope="col" className="numeric">
              KL
            </th>
            <th scope="col" className="numeric">
              Helped
            </th>
            <th scope="col" className="numeric">
              Harmed
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ kind, latent, mean_delta, kl, up, down }) => (
            <tr key={kind} className={kind === 'this' ? undefined : 'is-control'}>
              <th scope="row">
                {kind === 'this' ? 'This feature' : kind === 'direction' ? 'Random direction' : 'Another feature'}
                {kind === 'latent' && latent !== undefined && (
                  <>
                    ,{' '}
                    <FeatureLink dictionary={place.dictionary} latent={latent}>
                      {latent}
                    </FeatureLink>
                  </>
                )}
              </th>
              <td className="numeric">
                <Num value={mean_delta} signed />
              </td>
              <td className="numeric">
                <Num value={kl} />
              </td>
              <td className="numeric">{formatInteger(countOf(fromThreshold(up, threshold).series))}</td>
              <td className="numeric">{formatInteger(countOf(fromThreshold(down, threshold).series))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
