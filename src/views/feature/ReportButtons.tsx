import { useEffect, useRef, useState } from 'react';
import { saveBlob } from '../shared/saveBlob.ts';
import { Going } from '../shared/Going.tsx';
import { useFeatureActions } from './FeatureContext.tsx';

interface ReportButtonsProps {
  dictionary: string;
  /** For the file's name. */
  name: string;
  latents: readonly number[];
}

/** A page holds no more. */
const MOST_IN_A_PAGE = 100;

/** Features as files for those who are not here. */
export function ReportButtons({ dictionary, name, latents }: ReportButtonsProps) {
  const { makeReport } = useFeatureActions();
  const [going, setGoing] = useState<{ done: number; total: number } | null>(null);
  const control = useRef<AbortController | null>(null);
  useEffect(() => () => control.current?.abort(), []);
  const shown = latents.slice(0, MOST_IN_A_PAGE);
  const make = async (format: 'html' | 'neuronpedia') => {
    const mine = new AbortController();
    control.current = mine;
    const asked = format === 'html' ? shown : latents;
    setGoing({ done: 0, total: asked.length });
    const blob = await makeReport(dictionary, asked, { format, signal: mine.signal, onProgress: setGoing });
    setGoing(null);
    if (blob) saveBlob(blob, `${name.replace(/[\\/]+/g, ' ')}.${format === 'html' ? 'html' : 'neuronpedia.zip'}`);
  };
  if (going) return <Going words="Making the report, features" {...going} onStop={() => control.current?.abort()} />;
  const count = shown.length === 1 ? '' : ` of ${shown.length} features`;
  return (
    <div className="panel-foot">
      <button
        type="button"
        className="button-small"
        disabled={shown.length === 0}
        title="One page with its pictures in it: opens anywhere, without a network and without script"
        onClick={() => void make('html')}
      >
        Report{count} (HTML)
      </button>
      <button
        type="button"
        className="button-small"
        disabled={latents.length === 0}
        title="A zip in the layout of Neuronpedia’s bulk files"
        onClick={() => void make('neuronpedia')}
      >
        For Neuronpedia{latents.length > 1 && ` (all ${latents.length})`}
      </button>
    </div>
  );
}
