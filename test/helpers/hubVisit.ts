/** A visitor to the built page beside a hub of this machine: what browser tests of the hub share. */
import type { BrowserContext, Page } from 'playwright-core';
import { deploy, type Deployment } from './deployment.ts';
import { serveHub, type HubServer } from './hub.ts';
import { sharedBrowser, watchPage } from './page.ts';

export interface HubVisit {
  site: Deployment;
  hub: HubServer;
  context: BrowserContext;
  /** Uncaught errors and console errors. */
  errors: string[];
  /** Requests to anybody but the page's own server. */
  strangers: string[];
  /** Opens the page and waits for its model. */
  open: (viewport: { width: number; height: number }) => Promise<Page>;
  /** A page in a browser profile of somebody else's. */
  stranger: () => Promise<Page>;
  end: () => Promise<void>;
}

export async function visitHub(repositories: HubServer['repositories']): Promise<HubVisit> {
  const [site, hub] = await Promise.all([deploy(), serveHub(repositories)]);
  const browser = await sharedBrowser();
  const context = await browser.newContext();
  const others: BrowserContext[] = [];
  const errors: string[] = [];
  const strangers: string[] = [];
  return {
    site,
    hub,
    context,
    errors,
    strangers,
    async open(viewport) {
      const page = await context.newPage();
      await page.setViewportSize(viewport);
      watchPage(page, site, { strangers, errors });
      await page.goto(site.url);
      await page.evaluate(() => window.featurescope.ready);
      return page;
    },
    async stranger() {
      others.push(await browser.newContext());
      const page = await others[others.length - 1].newPage();
      watchPage(page, site, { strangers, errors });
      return page;
    },
    async end() {
      await Promise.all([context, ...others].map((one) => one.close()));
      await Promise.all([site.stop(), hub.close()]);
    },
  };
}

export const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
