import { TokenSample } from '../../charts/TokenText.tsx';
import { shareWords } from '../../state/shared/featureNames.ts';
import { useFeature } from './FeatureContext.tsx';

interface CalledProps {
  dictionary: string;
  latent: number;
  /** It fires on it most; negative where it never fires. */
  token: number;
}

/** In grey, what a feature without a label is called: a class of tokens or a place, else the token it fires on most. */
export function Called({ dictionary, latent, token }: CalledProps) {
  const name = useFeature((s) => (s.called.dictionary === dictionary ? s.called.byLatent.get(latent) : undefined));
  const names = useFeature((s) => s.names);
  if (token < 0) return <span className="feature-guess">never fires here</span>;
  if (name && name.kind !== 'token') {
    return (
      <span className="feature-guess" title={shareWords(name)}>
        {name.words} {Math.round(100 * name.share)} %
      </span>
    );
  }
  return (
    <span className="feature-guess">
      <TokenSample name={{ text: names.get(token) ?? `[${token}]`, part: 1, of: 1 }} />
    </span>
  );
}
