import { formatInteger, formatNumber } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import type { TextEffects } from '../../state/feature/state.ts';
import { textEffectCsv } from '../../state/feature/files.ts';
import { DownloadButton } from '../shared/CopyButton.tsx';
import { strongestPositions } from '../../state/feature/textEffect.ts';

const MOST = 6;

/** The effect on the person's own text: in a line, and where it is largest. */
export function TextEffect({ measured }: { measured: TextEffects }) {
  const { effects } = measured;
  const rows = strongestPositions(measured, MOST);
  if (rows.length === 0) return <p className="hint">It changes nothing there: it does not fire.</p>;
  return (
    <>
      <p className="hint">
        Mean Δ {formatNumber(effects.mean_delta)} nats, KL {formatNumber(effects.kl)}, over {formatInteger(effects.positions)} positions.
        Most changed:
      </p>
      <div className="table-scroll" tabIndex={0} role="region" aria-label="Positions of your text that change most">
        <table className="text-effect">
          <thead>
            <tr>
              <th scope="col">At</th>
              <th scope="col">Next</th>
              <th scope="col" className="numeric">
                Value
              </th>
              <th scope="col" className="numeric">
                Δ
              </th>
              <th scope="col" className="numeric">
                KL
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ position, token, next, value, delta, kl }) => (
              <tr key={position}>
                <th scope="row">
                  {position} <TokenSample name={{ text: token, part: 1, of: 1 }} />
                </th>
                <td>
                  <TokenSample name={{ text: next, part: 1, of: 1 }} />
                </td>
                <td className="numeric">
                  <Num value={value} />
                </td>
                <td className="numeric">
                  <Num value={delta} signed />
                </td>
                <td className="numeric">
                  <Num value={kl} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="panel-foot">
        <DownloadButton label="Download all as CSV" name="effect on your text.csv" text={() => textEffectCsv(measured)} />
      </div>
    </>
  );
}
