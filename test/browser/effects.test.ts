/** Features studied in the built page: what they do, write and resemble, and rules that hang. */
import { afterAll, expect, it } from 'vitest';
import type { Effects } from '../../src/api/features.ts';
import { expectAblation, readAblations } from '../helpers/ablation.ts';
import { closeBrowser, openPage, serveSite } from '../helpers/page.ts';

afterAll(closeBrowser);

const [golden] = readAblations();
const SUBJECT = [`bookworm-9m/${golden.dictionary}`, golden.latent] as const;
/** Exponential in the letters before a token. */
const HANGING = { before: '^(\\w+\\s?)*$' };

it('takes a feature out as PyTorch does, says what it writes and resembles, and ends a rule that hangs', async () => {
  const site = await serveSite({ isolation: true });
  const open = await openPage(site, '?device=wasm');
  try {
    const effects = await open.page.evaluate(
      async ([[id, latent], ids]) => {
        const { per_position, loss_clean, controls } = await window.featurescope.effects(id, latent, { ids });
        return { per_position, loss_clean, controls: controls.length };
      },
      [SUBJECT, golden.ids] as const,
    );
    expectAblation(effects as unknown as Effects, golden);
    expect(effects.controls).toBe(2);

    const rest = await open.page.evaluate(async ([id, latent]) => {
      const { featurescope } = window;
      const { positions, mean_delta, loss_clean, loss_ablated } = await featurescope.effects(id, latent, { tokens: 512 });
      const { writes } = await featurescope.weights(id, latent, { k: 1 });
      const { cosine, together } = await featurescope.neighbours(id, latent, { k: 3, tokens: 512 });
      const rule = await featurescope.rule(id, latent, { token: "^ ?['’]" }, { tokens: 2048, threshold: 0.5 });
      return {
        positions,
        off: loss_ablated - loss_clean - mean_delta,
        top: writes.top[0].id,
        near: [cosine.length, together?.length],
        rule,
      };
    }, SUBJECT);
    expect(rest).toMatchObject({ positions: 510, top: golden.logit_top[0][0], near: [3, 3] });
    expect(rest.off).toBeCloseTo(0, 9);
    expect(rest.rule.counts!.hits).toBeGreaterThan(0);

    const hung = await open.page.evaluate(
      async ([[id, latent], rule]) => {
        const failed = (signal?: AbortSignal) =>
          window.featurescope.rule(id, latent, rule, { tokens: 2048, ...(signal && { signal }) }).then(
            () => 'it ended',
            (error: Error) => `${error.name}: ${error.message}`,
          );
        const refused = await failed();
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 3000);
        const stopped = await failed(controller.signal);
        const after = await window.featurescope.weights(id, latent, { k: 1 });
        return { refused, stopped, after: after.writes.top[0].id };
      },
      [SUBJECT, HANGING] as const,
    );
    expect(hung.refused).toMatch(/^UsageError: .*too long.*Make it simpler/);
    expect(hung.stopped).toMatch(/^(AbortError|UsageError)/);
    expect(hung.after).toBe(golden.logit_top[0][0]);
    expect(open.errors).toEqual([]);
    expect(open.strangers).toEqual([]);
  } finally {
    await open.close();
    await site.close();
  }
});
