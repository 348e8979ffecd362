import { SAMPLES, type Sample } from '../../state/explore/samples.ts';

interface SampleChoiceProps {
  /** What choosing does, for who cannot see where the menu stands. */
  label: string;
  onChoose: (sample: Sample) => void;
}

export function SampleChoice({ label, onChoose }: SampleChoiceProps) {
  return (
    <select className="samples" aria-label={label} value="" onChange={(e) => onChoose(SAMPLES[Number(e.target.value)])}>
      <option value="" disabled>
        Samples…
      </option>
      {SAMPLES.map((sample, i) => (
        <option key={sample.name} value={i}>
          {sample.name}
        </option>
      ))}
    </select>
  );
}
