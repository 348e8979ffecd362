/** Keeps the address in step with what is on screen, and the screen with the address. */
import type { StoreApi } from 'zustand/vanilla';
import { factsOf, LINKED, linkState, type LinkedFacts } from './explore/linkFacts.ts';
import type { ExploreFacts } from './explore/facts.ts';
import type { ExploreSlice } from './explore/slice.ts';
import type { ExploreState } from './explore/state.ts';
import { findHook } from './shared/hooks.ts';
import { featureHash, parseFeature } from './shared/featureAddress.ts';
import { encodeLink, parseLink, type LinkState } from './shared/link.ts';
import { answerLink } from './shared/dictionaries.ts';
import { CIRCUITS, VIEWS, type PageFacts } from './shared/page.ts';
import type { Address } from './shared/startup.ts';

/** Browsers allow about a hundred changes in half a minute. */
const WRITE_EVERY_MS = 500;

/** What the start of the page takes from its address. */
export function factsFromAddress(address: Address): Partial<LinkedFacts & PageFacts> {
  const { hash, kept } = address.read();
  const link = parseLink(hash);
  const facts = factsOf(withKept(link.status === 'link' ? link.state : {}, kept));
  const place = ownPlace(hash);
  if (place) return { ...facts, ...place };
  if (link.status !== 'bad') return facts;
  const usual = (facts.text ?? facts.compare) === undefined ? ' The page starts as usual.' : '';
  return { ...facts, notice: { text: link.message + usual, undo: null } };
}

/** Of the screens whose addresses a person can read. */
function ownPlace(hash: string): Partial<PageFacts> | undefined {
  const feature = parseFeature(hash);
  if (feature !== undefined) return { view: 'feature', feature };
  return hash.startsWith(CIRCUITS) ? { view: 'circuits', circuits: hash } : undefined;
}

/** Texts too long for the address are kept beside it, by the browser, for this tab. */
function withKept(state: LinkState, kept: unknown): LinkState {
  const { text, compare } = (kept ?? {}) as Record<string, unknown>;
  return { ...(typeof text === 'string' && { text }), ...(typeof compare === 'string' && { compare }), ...state };
}

/** Follows the state in the address, and the address when the person goes back. */
export function followAddress(store: StoreApi<ExploreState>, slice: Pick<ExploreSlice, 'linkOpened'>, address: Address): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let viewed: string | null = null;
  let isMoving = false;
  const saySecond = createSaySecond(store);
  /** Of the last link, for when its model is open. */
  let place: Place = store.getState();

  const write = (state: ExploreState) => {
    clearTimeout(timer);
    timer = undefined;
    // Before the dictionaries are listed, the state says less than the address did.
    if (state.dictionaries.status === 'waiting' || state.load.status === 'loading') return;
    const { hash, left } = addressOf(state);
    const here = address.read();
    const view = viewOf(state);
    const how = viewed === null || viewed === view || state.wanted ? 'replace' : 'push';
    viewed = view;
    // What was kept goes when it fits, or is no more.
    if (hash !== here.hash || left || here.kept) address.write(hash, left, how);
    if (ownHash(state) !== undefined) return;
    const withText = left?.text === undefined;
    if (state.linkHasText !== withText) store.setState({ linkHasText: withText });
    saySecond(left?.compare !== undefined);
  };

  store.subscribe((now, was) => {
    const isOpened = now.model !== was.model && now.model?.id === was.wantedModel?.id;
    if (isOpened) store.setState(placeIn(now, place));
    // "Back" goes to what was changed before a screen was left, and to where that was scrolled to: it is left at once.
    const isLeft = !isMoving && isElsewhere(now, was);
    if (isLeft && timer !== undefined) write(was);
    if (isLeft) write(now);
    // Nothing is written while a list or a model is waited for.
    const listed = now.dictionaries.status !== was.dictionaries.status || now.load.status !== was.load.status;
    if (timer === undefined && (listed || LINKED.some((key) => now[key] !== was[key]))) {
      timer = setTimeout(() => write(store.getState()), WRITE_EVERY_MS);
    }
  });

  address.onMove(() => {
    const { hash, kept } = address.read();
    const screen = otherScreen(store.getState(), hash);
    const parsed = parseLink(hash);
    if (parsed.status === 'bad') return store.setState({ notice: { text: parsed.message, undo: null } });
    if (!screen && parsed.status === 'none') return;
    clearTimeout(timer);
    timer = undefined;
    isMoving = true;
    if (screen) store.setState(screen);
    else if (parsed.status === 'link') {
      const facts = factsOf(withKept(parsed.state, kept));
      apply(store, slice, facts);
      place = { ...facts, text: store.getState().text };
    }
    isMoving = false;
    // The model still to come is this link's: no step of its own.
    viewed = store.getState().wantedModel ? null : viewOf(store.getState());
  });
}

/** Once, and never over another notice: that one may hold what takes something back. */
function createSaySecond(store: StoreApi<ExploreState>): (isLeft: boolean) => void {
  let said = false;
  return (isLeft) => {
    if (isLeft && !said) {
      if (store.getState().notice) return;
      store.setState({ notice: { text: 'The second text is too long for a link and is left out of it.', undo: null } });
    }
    said = isLeft;
  };
}

/** What changes where nothing but the screen does: to the page of a feature, or back to a screen that is still as it was. */
function otherScreen(state: LinkedFacts, hash: string): Partial<LinkedFacts> | undefined {
  const place = ownPlace(hash);
  if (place) return place;
  const view = VIEWS.find((one) => {
    const same = encodeLink(linkState({ ...state, view: one }));
    return !same.left && same.hash === hash;
  });
  return view && { view };
}

type Place = Partial<Pick<ExploreFacts, 'text' | 'hook' | 'position' | 'span'>>;

/** Its tokens and its hook are those of the link's own model. */
function placeIn({ model, text }: LinkedFacts, { text: linked, hook = '', position = null, span = null }: Place): Place {
  return { ...(findHook(model, hook) && { hook }), ...(text === linked && { position, span }) };
}

/** What "back" goes back over. */
function viewOf(state: LinkedFacts): string {
  const { model, dictionary, view, feature } = state;
  const own = ownHash({ ...state, feature: feature?.from ?? feature });
  // Settings of a circuit are no steps of their own.
  if (own !== undefined) return view === 'circuits' ? own.replace(/\?.*/, '') : own;
  return `${view} ${model?.id ?? ''} ${dictionary}`;
}

function ownHash({ view, feature, circuits }: Pick<PageFacts, 'view' | 'feature' | 'circuits'>): string | undefined {
  return view === 'feature' ? featureHash(feature) : view === 'circuits' ? circuits : undefined;
}

/** Another screen, or another feature, or the list of all. */
function isElsewhere(now: LinkedFacts, was: LinkedFacts): boolean {
  return now.view !== was.view || (ownHash(now) !== undefined && viewOf(now) !== viewOf(was));
}

/** Of the other screens the address names what they show, and what Explore holds is kept beside it. */
function addressOf(state: LinkedFacts): ReturnType<typeof encodeLink> {
  const hash = ownHash(state);
  return hash !== undefined ? { hash, left: { text: state.text, compare: state.compare?.text } } : encodeLink(linkState(state));
}

/** The state a link names, the rest as a fresh page has it. */
function apply(store: StoreApi<ExploreState>, slice: Pick<ExploreSlice, 'linkOpened'>, facts: Partial<LinkedFacts>): void {
  const was = store.getState();
  const list = was.dictionaries.status === 'done' ? was.dictionaries.list : [];
  const { wantedModel, hook = '', pins: linked = [], ...rest } = facts;
  const { found: here, pins, said } = answerLink(list, facts.wanted, linked);
  const other = wantedModel && wantedModel.id !== was.model?.id ? wantedModel : null;
  store.setState({
    pins,
    span: null,
    position: null,
    compare: null,
    ...rest,
    ...((!was.model || findHook(was.model, hook)) && { hook }),
    dictionary: here?.id ?? was.dictionary,
    wanted: here ? null : (facts.wanted ?? null),
    wantedModel: other,
    pointed: null,
    ...(said !== null && { notice: { text: said, undo: null } }),
  });
  // By the model at hand also where another is to come: that may fail, or be cancelled.
  slice.linkOpened();
  if (other && was.models.some((m) => m.id === other.id)) void was.actions.loadModel(other.id, other.id);
}
