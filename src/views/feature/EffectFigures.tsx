import { formatInteger } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import { countOf } from '../../state/feature/words.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import type { Measured } from './measured.ts';

/** The feature's effect in numbers, the controls' below it in grey. */
export function EffectFigures({ measured, place }: { measured: readonly Measured[]; place: FeaturePlace }) {
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
          {measured.map(({ name, isControl, latent, mean_delta, kl, up, down }) => (
            <tr key={name} className={isControl ? 'is-control' : undefined}>
              <th scope="row">
                {name}
                {isControl && latent !== undefined && (
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
              <td className="numeric">{formatInteger(countOf(up.series))}</td>
              <td className="numeric">{formatInteger(countOf(down.series))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
