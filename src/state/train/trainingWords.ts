/** What the training screen says of runs, in words. */
import type { RunInfo } from '../../api/training.ts';
import { isResumable, lifeOf } from '../../core/train/runLife.ts';
import { formatInteger, formatPercent } from '../../charts/format.ts';

/** 'about 2 min', '40 s', '3 h 10 min'. */
export function durationWords(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return 'unknown';
  if (seconds < 1) return 'under 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

/** Share of the run that is done, in [0, 1]; 0 before its length is known. */
export function shareDone({ plan, step }: Pick<RunInfo, 'plan' | 'step'>): number {
  return plan && plan.steps > 0 ? Math.min(1, step / plan.steps) : 0;
}

/** 43 %, without the tenth. */
export function percentDone(run: Pick<RunInfo, 'plan' | 'step'>): string {
  return `${Math.floor(100 * shareDone(run))}\u202F%`;
}

/** Seconds until it ends at its present speed; NaN while that is not known. */
export function secondsLeft({ plan, step, tokensPerSecond }: RunInfo): number {
  if (!plan || tokensPerSecond <= 0) return NaN;
  return ((plan.steps - step) * plan.batch) / tokensPerSecond;
}

/** One or two words for a table. */
export function stateName(run: RunInfo): string {
  switch (run.state) {
    case 'elsewhere':
      return 'in another tab';
    case 'stopped':
      return run.dictionaries.some(({ id }) => id !== null) ? 'stopped, kept' : 'stopped';
    default:
      return run.state;
  }
}

/** How it stands, as sentences. */
export function stateWords(run: RunInfo): string {
  const at = `at step ${formatInteger(run.step)}${run.plan ? ` of ${formatInteger(run.plan.steps)} (${percentDone(run)})` : ''}`;
  const why = run.message ? ` ${run.message}` : '';
  const left = secondsLeft(run);
  switch (run.state) {
    case 'starting':
      return `Reading text and model.${why}`;
    case 'running':
      return `Training, ${at}${Number.isNaN(left) ? '' : `; about ${durationWords(left)} left`}.${why}`;
    case 'elsewhere':
      return `It goes on in another tab of this page, ${at}. Watch, pause and stop it there.${why}`;
    case 'paused':
      return `Paused ${at}. ${pauseWords(run)}${why}`;
    case 'interrupted':
      return `Interrupted ${at}: the tab it trained in went away. Its last checkpoint is kept; resumed, it goes on from there.${why}`;
    case 'finished':
      return `Finished after ${durationWords(run.seconds)}. ${keptWords(run)}${why}`;
    case 'stopped':
      return `Stopped ${at} after ${durationWords(run.seconds)}. ${keptWords(run)}${why}`;
    case 'failed':
      return `It failed ${at}.${why || ' No reason was given.'} ${run.step > 0 ? 'Its last good checkpoint is kept.' : ''}`.trim();
  }
}

function pauseWords({ unkept, step }: RunInfo): string {
  if (unkept)
    return 'No checkpoint of this step is kept: it is in the memory of this page, and goes on from here only while the page is open.';
  if (step === 0) return 'There is no checkpoint of it, so it begins again.';
  return 'A checkpoint is kept, so it goes on from here even after the tab was closed.';
}

function keptWords({ dictionaries }: RunInfo): string {
  const kept = dictionaries.filter(({ id }) => id !== null).length;
  if (kept === 0) return 'No dictionary of it was kept.';
  return kept === 1 ? 'Its dictionary is in the library.' : `Its ${kept} dictionaries are in the library.`;
}

/** Whether it can go on from its checkpoint. */
export function resumable(run: RunInfo): boolean {
  return isResumable(lifeOf(run, false));
}

/** What a person who cannot see the page should hear: changes of state, and each quarter. */
export function spokenWords(run: RunInfo | undefined): string {
  if (!run) return '';
  if (run.state !== 'running') return `${run.name}: ${stateWords(run)}`;
  const quarter = Math.floor(4 * shareDone(run));
  return quarter === 0 ? `${run.name}: training.` : `${run.name}: ${formatPercent(quarter / 4).replace('.0', '')} trained.`;
}
