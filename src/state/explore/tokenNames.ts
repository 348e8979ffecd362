/** Groups and names of a text's tokens, made once for each list of spans: 20,000 tokens cost too much to name at every draw. */
import { groupTokens, nameGroups, type NamedToken, type TokenGroup } from '../../core/lm/glyphs.ts';
import { itemAt } from './bisect.ts';

interface TokensOfText {
  text: string;
  tokens: readonly string[];
  spans: readonly [number, number][];
}

interface Made {
  text: string;
  groups: readonly TokenGroup[];
  names: readonly NamedToken[] | null;
}

const made = new WeakMap<readonly [number, number][], Made>();

function entryOf({ text, tokens, spans }: TokensOfText): Made {
  const known = made.get(spans);
  if (known?.text === text) return known;
  const entry: Made = { text, groups: groupTokens(text.normalize('NFC'), tokens, spans), names: null };
  made.set(spans, entry);
  return entry;
}

export function tokenGroups(tokens: TokensOfText): readonly TokenGroup[] {
  return entryOf(tokens).groups;
}

/** One per token. */
export function tokenNames(tokens: TokensOfText): readonly NamedToken[] {
  const entry = entryOf(tokens);
  return (entry.names ??= nameGroups(entry.groups, tokens.tokens));
}

/** The group that holds a position. */
export function groupAt(groups: readonly TokenGroup[], position: number): TokenGroup | undefined {
  const group = groups.at(itemAt(groups, position, (g) => g.first));
  return group && position >= group.first && position < group.first + group.count ? group : undefined;
}
