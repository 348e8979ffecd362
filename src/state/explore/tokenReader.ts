/** Tokens of the text in the box: asked for once, and of a very long text only as much as is read. */
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { SourceTokens } from './analysis.ts';
import { MAX_TOKENS } from './windowReading.ts';

interface TokenReader {
  tokensOf: (text: string) => Promise<SourceTokens>;
  /** Another model, another tokenizer. */
  forget: () => void;
}

/** Characters looked at first: MAX_TOKENS of any language's ordinary text. */
const FIRST_LOOK = 8 * MAX_TOKENS;

export function createTokenReader(api: Pick<FeaturescopeApi, 'tokenize'>): TokenReader {
  let last: { text: string; answer: Promise<SourceTokens> } | null = null;
  return {
    tokensOf(text) {
      if (last?.text === text) return last.answer;
      const answer = read(api, text, FIRST_LOOK);
      last = { text, answer };
      answer.catch(() => {
        if (last?.answer === answer) last = null;
      });
      return answer;
    },
    forget: () => (last = null),
  };
}

async function read(api: Pick<FeaturescopeApi, 'tokenize'>, text: string, look: number): Promise<SourceTokens> {
  const part = look < text.length ? text.slice(0, look) : text;
  const { ids, tokens, spans } = await api.tokenize(part);
  if (ids.length > MAX_TOKENS) {
    const end = spans[MAX_TOKENS][0];
    // Spans count characters of the NFC form, and so does what is kept of the text.
    const kept = part.normalize('NFC').slice(0, end);
    return {
      text: kept,
      whole: false,
      ids: ids.slice(0, MAX_TOKENS),
      tokens: tokens.slice(0, MAX_TOKENS),
      spans: spans.slice(0, MAX_TOKENS),
    };
  }
  return part === text ? { text, whole: true, ids, tokens, spans } : read(api, text, 4 * look);
}
