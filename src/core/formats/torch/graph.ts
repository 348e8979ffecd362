/** Looks through what a pickle built before anyone else walks it. */
import type { FormatError } from '../bytes.ts';
import { isInner, type Item } from './build.ts';
import type { TorchValue } from './types.ts';

/** State dicts and lists of dictionaries nest about 5 deep. */
const MAX_DEPTH = 100;
/** Things met when the value is walked as a tree: what is referred to twice counts twice. */
const MAX_TREE = 4_000_000;

interface Frame {
  node: object;
  children: Item[];
  next: number;
  size: number;
  depth: number;
}

/**
 * @param refuse makes an error of the end of a sentence
 * @returns the same value, now known to be made of values only, not circular, at most 100 deep, and small also as a tree
 * @throws FormatError
 */
export function checkGraph(root: Item, refuse: (how: string) => FormatError): TorchValue {
  const done = new Map<object, { size: number; depth: number }>();
  const open = new Set<object>();
  const frames: Frame[] = [];
  const enter = (item: Item): { size: number; depth: number } | undefined => {
    if (isInner(item)) throw refuse('leaves a name or a storage where a value should be');
    const children = childrenOf(item);
    if (!children) return { size: 1, depth: 0 };
    const node = item as object;
    if (open.has(node)) throw refuse('describes something that contains itself');
    const known = done.get(node);
    if (known) return known;
    // The depth on the way down bounds the stack of frames; shared parts are added up below.
    if (frames.length >= MAX_DEPTH) throw tooDeep(refuse);
    open.add(node);
    frames.push({ node, children, next: 0, size: 1, depth: 0 });
    return undefined;
  };
  enter(root);
  while (frames.length > 0) {
    const frame = frames[frames.length - 1];
    if (frame.next < frame.children.length) {
      const found = enter(frame.children[frame.next]);
      // Unknown yet: its own frame is on top now, and this child is asked for again once it is done.
      if (!found) continue;
      frame.next++;
      frame.size += found.size;
      frame.depth = Math.max(frame.depth, found.depth + 1);
      if (frame.size > MAX_TREE) throw refuse(`repeats its parts until there are more than ${MAX_TREE}, which no file of weights needs`);
      if (frame.depth > MAX_DEPTH) throw tooDeep(refuse);
      continue;
    }
    frames.pop();
    open.delete(frame.node);
    done.set(frame.node, frame);
  }
  return root as TorchValue;
}

function tooDeep(refuse: (how: string) => FormatError): FormatError {
  return refuse(`is nested more than ${MAX_DEPTH} levels deep, which no file of weights needs`);
}

/** What a thing contains; undefined for things that contain nothing. */
function childrenOf(item: Item): Item[] | undefined {
  if (Array.isArray(item)) return item as Item[];
  if (item instanceof Map) return [...item.values()];
  if (typeof item === 'object' && item !== null && 'kind' in item && item.kind === 'object') return [...item.state.values()];
  return undefined;
}
