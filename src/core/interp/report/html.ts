/** A report of chosen features: one page with all its pictures in it, no script, nothing fetched. */
import { TAG_WORDS } from '../featureIndex/tags.ts';
import type { Context, FeatureRecord, Histogram } from '../types.ts';
import { markup, Markup } from './markup.ts';
import { short, stackPicture } from './stackPicture.ts';

/** A feature as a report shows it. */
interface ReportFeature {
  latent: number;
  /** What a person calls it; '' for nothing. */
  label: string;
  record: FeatureRecord;
  /** Tokens whose logits it raises and lowers most; absent where it has no way to the logits. */
  writes?: { top: { id: number; value: number }[]; bottom: { id: number; value: number }[] };
}

/** What all features of a report share. */
interface ReportSource {
  dictionary: string;
  hook: string;
  model: string;
  corpus: string;
  /** Address of the page that made it, and day. */
  made: string;
  nameOf: (id: number) => string;
}

export function reportHtml(features: readonly ReportFeature[], source: ReportSource): string {
  const title = `Features of ${source.dictionary}`;
  const body = markup`<h1>${title}</h1><p>${source.model}, ${source.hook}. What fires them was counted on ${count(features[0]?.record.tokens ?? 0)} tokens of ${source.corpus}. Made with featurescope, ${source.made}.</p>${features.map((feature) => section(feature, source))}`;
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">${markup`<title>${title}</title>`.text}<style>${STYLE}</style></head><body>${body.text}</body></html>\n`;
}

function section({ latent, label, record, writes }: ReportFeature, source: ReportSource): Markup {
  const { nameOf } = source;
  const name = label || (record.firing[0] ? `fires on ${nameOf(record.firing[0].id)}` : 'never fires here');
  const facts = [
    ['density', percent(record.density)],
    ['largest value', short(record.maximum)],
    ['mean where it fires', short(record.mean)],
    ['different tokens', String(record.firing_tokens)],
  ];
  const tags = record.tags.map((tag) => markup`<li>${tag}: ${TAG_WORDS[tag]}</li>`);
  return markup`<section><h2>${latent} <small>${name}</small></h2><dl>${facts.map(([key, value]) => markup`<div><dt>${key}</dt><dd>${value}</dd></div>`)}</dl>${tags.length > 0 ? markup`<ul>${tags}</ul>` : markup``}${pictures(record, nameOf)}${contexts(record, nameOf)}${writes ? written(writes, nameOf) : markup``}</section>`;
}

function pictures(record: FeatureRecord, nameOf: ReportSource['nameOf']): Markup {
  if (record.density === 0) return markup``;
  const edges = record.histogram.edges.filter((_, i) => i % 5 === 0);
  const of =
    record.by_bin_firings < firings(record.histogram) ? `, counted on ${count(record.by_bin_firings)} of its firings drawn at random` : '';
  return markup`<h3>Values where it fires, by token${of}</h3>${stackPicture(edges, record.by_bin, nameOf, 'How often each value occurs, by token')}`;
}

function contexts(record: FeatureRecord, nameOf: ReportSource['nameOf']): Markup {
  const groups: [string, readonly Context[]][] = [
    ['Highest', record.top],
    ...record.bands.map(({ share, contexts: list }): [string, readonly Context[]] => [
      `From ${100 * share[0]} to ${100 * share[1]} % of its values`,
      list,
    ]),
    ['Drawn at random', record.random],
    ['Near misses', record.near],
  ];
  const shown = groups.filter(([, list]) => list.length > 0);
  return markup`${shown.map(([title, list]) => markup`<h3>${title}</h3><ol>${list.map((context) => row(context, record.maximum, nameOf))}</ol>`)}`;
}

function row({ ids, values, at, value }: Context, maximum: number, nameOf: ReportSource['nameOf']): Markup {
  const tokens = ids.map((id, i) => {
    const strength = maximum > 0 ? Math.min(1, Math.max(0, values[i] / maximum)) : 0;
    const text = nameOf(id);
    const mark = i === at ? ' class="at"' : '';
    return new Markup(`<span${mark} style="--a:${strength.toFixed(2)}" title="${short(values[i])}">${markup`${text}`.text}</span>`);
  });
  return markup`<li><b>${short(value)}</b> <span class="text">${tokens}</span></li>`;
}

function written({ top, bottom }: NonNullable<ReportFeature['writes']>, nameOf: ReportSource['nameOf']): Markup {
  const list = (tokens: readonly { id: number; value: number }[]) =>
    tokens.slice(0, 10).map(({ id, value }) => markup`<tr><td>${nameOf(id)}</td><td>${short(value)}</td></tr>`);
  return markup`<h3>What it writes to the logits</h3><div class="pair"><table>${list(top)}</table><table>${list(bottom)}</table></div>`;
}

function firings({ counts }: Histogram): number {
  return counts.reduce((sum, n) => sum + n, 0);
}

function count(n: number): string {
  return n.toLocaleString('en');
}

function percent(share: number): string {
  return `${short(100 * share)} %`;
}

const STYLE = `
:root{color-scheme:light dark;font:16px/1.45 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
section{border-top:1px solid #8886;margin-top:2rem}
small{font-weight:400;opacity:.7}
dl{display:flex;flex-wrap:wrap;gap:.5rem 2rem}dl div{display:flex;gap:.5rem}dt{opacity:.7}dd{margin:0;font-variant-numeric:tabular-nums}
figure{margin:0}svg{width:100%;max-width:40rem;height:auto}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none;font-size:.85rem}
.key{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}
ol{padding-left:0;list-style:none;margin:.25rem 0}li{margin:.15rem 0;overflow-wrap:anywhere}
.text{font-family:ui-monospace,monospace;font-size:.85rem;white-space:pre-wrap}
.text span{background:rgb(230 126 0/calc(var(--a)*.8));border-radius:2px}.text .at{outline:1px solid currentColor}
b{display:inline-block;min-width:3.5em;font-weight:500;font-variant-numeric:tabular-nums;opacity:.7}
.pair{display:flex;flex-wrap:wrap;gap:1rem 3rem}td{padding:0 1rem 0 0;font-family:ui-monospace,monospace;font-size:.85rem}
`;
