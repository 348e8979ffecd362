/** Plain data with typed arrays in it, taken apart and put together again, so that each array can be a Blob of its own. */

const KINDS = { Float32Array, Float64Array, Uint32Array, Uint16Array, Uint8Array };
type Kind = keyof typeof KINDS;
type TensorArray = InstanceType<(typeof KINDS)[Kind]>;

export interface TensorPart {
  /** Names on the way to it: 'dictionaries/0/adam/m/W_enc'. */
  path: string;
  kind: Kind;
  values: TensorArray;
}

/** @returns the same data with nulls where arrays were, and the arrays in order */
export function splitTensors(value: unknown): { rest: unknown; parts: TensorPart[] } {
  const parts: TensorPart[] = [];
  const visit = (v: unknown, path: string): unknown => {
    if (ArrayBuffer.isView(v)) {
      parts.push({ path, kind: v.constructor.name as Kind, values: v as TensorArray });
      return null;
    }
    if (typeof v !== 'object' || v === null) return v;
    if (Array.isArray(v)) return v.map((inner, i) => visit(inner, join(path, String(i))));
    return Object.fromEntries(Object.entries(v).map(([key, inner]) => [key, visit(inner, join(path, key))]));
  };
  return { rest: visit(value, ''), parts };
}

/** Undoes `splitTensors`. @param rest changed */
export function joinTensors(rest: unknown, parts: readonly { path: string; kind: Kind; buffer: ArrayBuffer }[]): unknown {
  for (const { path, kind, buffer } of parts) {
    const names = path.split('/');
    const last = names.pop()!;
    const holder = names.reduce((v: unknown, name) => (v as Record<string, unknown>)[name], rest);
    (holder as Record<string, unknown>)[last] = new KINDS[kind](buffer);
  }
  return rest;
}

export function isTensorKind(kind: unknown): kind is Kind {
  return typeof kind === 'string' && Object.hasOwn(KINDS, kind);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}
