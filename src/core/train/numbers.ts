/** Numbers that a person may set: one valibot schema says what each may be, for checks, forms and tables alike. */
import * as v from 'valibot';

export interface NumberRange {
  least: number;
  /** Infinity: any. */
  most: number;
  whole?: boolean;
  /** Not `least` itself, and not `most` itself. */
  above?: boolean;
  below?: boolean;
}

/** Accepts the numbers of a range; one issue, a predicate: 'must be a whole number from 1 to 8; it is 9.' */
export function numberIn(range: NumberRange) {
  const say = ({ input }: { input: unknown }) => `must be ${rangeWords(range)}; it is ${shown(input)}.`;
  const { least, most } = range;
  return v.pipe(
    v.number(say),
    range.whole ? v.safeInteger(say) : v.finite(say),
    range.above ? v.gtValue(least, say) : v.minValue(least, say),
    range.below ? v.ltValue(most, say) : v.maxValue(most, say),
    v.metadata({ range }),
  );
}

export type NumberSchema = ReturnType<typeof numberIn>;

/** Any whole number that is exact, 0 or more. */
export const COUNT = { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true } as const satisfies NumberRange;

/** What a schema of `numberIn` accepts. */
export function rangeOf(schema: NumberSchema): NumberRange {
  return (v.getMetadata(schema) as { range: NumberRange }).range;
}

/** The first thing a schema finds wrong with a number; undefined when nothing is. */
type NumberFault = 'not a number' | 'not whole' | 'too small' | 'too large';

const FAULTS: Readonly<Record<string, NumberFault>> = {
  safe_integer: 'not whole',
  min_value: 'too small',
  gt_value: 'too small',
  max_value: 'too large',
  lt_value: 'too large',
};

export function faultOf(schema: NumberSchema, value: unknown): NumberFault | undefined {
  const { issues } = v.safeParse(schema, value, { abortPipeEarly: true });
  return issues && (FAULTS[issues[0].type] ?? 'not a number');
}

/** 'a whole number from 1 to 8', 'a number above 0', 'at least 0 and below 1'. */
function rangeWords({ least, most, whole, above, below }: NumberRange): string {
  if (whole) return `a whole number from ${least} to ${most}`;
  if (below) return `at least ${least} and below ${most}`;
  if (above) return `a number above ${least}${most === Infinity ? '' : ` and at most ${most}`}`;
  return `a number from ${least} to ${most}`;
}

/** A value as it may stand in a sentence: one in quotes looks like one without them. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 60)}"` : String(value).slice(0, 60);
}
