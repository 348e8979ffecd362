/** Predictions of a text put together from its windows. */
import type { Predictions, Tokenized } from '../../api/model.ts';
import type { TokenWindow } from '../../core/lm/windows.ts';
import { windowAt, type Known } from './windowReading.ts';

/** The text as it is read: ids of at most MAX_TOKENS, and whether that is all of it. */
export interface SourceTokens extends Tokenized {
  text: string;
  whole: boolean;
}

/** What each token has; NaN (rank −1) where it has not been read, and at the first for want of a prediction. */
interface TokenFacts extends Tokenized {
  surprise: Float32Array;
  entropy: Float32Array;
  rank: Int32Array;
}

export interface WindowAnswer {
  before: Predictions;
  /** With the edits, when any act. */
  after: Predictions | null;
}

export interface Analysis {
  text: string;
  /** False when the text goes on beyond the tokens read. */
  whole: boolean;
  before: TokenFacts;
  /** With the edits, when any act anywhere. */
  after: (TokenFacts & { kl: Float32Array }) | null;
  windows: readonly TokenWindow[];
  /** The windows' own answers, where they have come. */
  answers: readonly (WindowAnswer | undefined)[];
  known: Known;
}

interface AnalysisBuilder {
  has: (window: number) => boolean;
  add: (window: number, answer: WindowAnswer) => void;
  /** What is known so far. Number arrays are shared by all snapshots and fill up. */
  snapshot: () => Analysis;
}

export function buildAnalysis(source: SourceTokens, windows: readonly TokenWindow[], edited: boolean): AnalysisBuilder {
  const { text, whole, ids, tokens, spans } = source;
  const n = ids.length;
  const facts = (): TokenFacts => ({
    ids,
    tokens,
    spans,
    surprise: new Float32Array(n).fill(NaN),
    entropy: new Float32Array(n).fill(NaN),
    rank: new Int32Array(n).fill(-1),
  });
  const before = facts();
  const after = edited ? { ...facts(), kl: new Float32Array(n).fill(NaN) } : null;
  const answers: (WindowAnswer | undefined)[] = windows.map(() => undefined);
  const flags = new Uint8Array(n);
  let count = 0;
  return {
    has: (window) => answers[window] !== undefined,
    add(window, answer) {
      const at = windows[window];
      answers[window] = answer;
      copyFacts(answer.before, at, before);
      if (after && answer.after) {
        copyFacts(answer.after, at, after);
        const kl = answer.after.comparison?.kl;
        if (kl) after.kl.set(kl.subarray(at.keepFrom - at.start), at.keepFrom);
      }
      flags.fill(1, at.keepFrom, at.end);
      count += at.end - at.keepFrom;
    },
    snapshot: () => ({
      text,
      whole,
      before: { ...before },
      after: after && { ...after },
      windows,
      answers: [...answers],
      known: { flags, count },
    }),
  };
}

function copyFacts(from: Predictions, { start, keepFrom }: TokenWindow, to: TokenFacts): void {
  const skip = keepFrom - start;
  to.surprise.set(from.surprise.subarray(skip), keepFrom);
  to.entropy.set(from.entropy.subarray(skip), keepFrom);
  to.rank.set(from.rank.subarray(skip), keepFrom);
}

/** A window's answer and where in it a position is; null when that window has not been read. */
export function answerAt({ windows, answers }: Analysis, position: number): { answer: WindowAnswer; at: number } | null {
  const window = windowAt(windows, position);
  const answer = answers[window];
  return answer ? { answer, at: position - windows[window].start } : null;
}
