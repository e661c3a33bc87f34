// web-check.mjs DIR [SHOTS] - opens every page of a web book from file:// in
// Chromium, light and dark, wide and narrow: axe finds nothing, no file is
// missing, nothing is wider than the window, and search, keys, copy buttons,
// contents and theme do what they should. SHOTS: a folder for pictures.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.resolve('book') + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const dir = path.resolve(process.argv[2]);
const shots = process.argv[3];
const url = page => 'file://' + encodeURI(path.join(dir, page));
const pages = readdirSync(dir).filter(f => f.endsWith('.html'));
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let bad = 0;
const fault = text => {
  bad++;
  console.log(text);
};

async function look(page, name, how) {
  await page.goto(url(name));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(tags => window.axe.run({ preload: false, runOnly: tags }), RULES);
  for (const v of violations) {
    fault(`${name} ${how}: ${v.id} (${v.impact}), ${v.nodes.length} times: ${v.nodes[0].html.slice(0, 120)} ${v.nodes[0].failureSummary}`);
  }
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (over > 0) fault(`${name} ${how}: ${over} px wider than the window`);
  const fonts = await page.evaluate(async () => {
    await document.fonts.ready;
    return [...document.fonts].filter(f => f.status === 'error').map(f => f.family);
  });
  if (fonts.length) fault(`${name} ${how}: fonts that do not load: ${fonts}`);
  if (shots) await page.screenshot({ path: `${shots}/${name}-${how.replace(' ', '-')}.png`, fullPage: how.includes('wide') });
}

const expect = (truth, text) => truth || fault(text);

async function use(page) {
  const chapter = pages.find(f => /^\d/.test(f));
  await page.goto(url(chapter));
  // The search: "/" goes there, a word of the chapter's title is found.
  const title = await page.locator('h1').evaluate(h => h.lastChild.textContent.trim().replace(/\s+/g, ' '));
  await page.keyboard.press('/');
  await page.keyboard.type(title.toLowerCase());
  expect(await page.locator('#hits a').count() > 0, `search finds nothing for "${title}"`);
  expect((await page.locator('#hits a').first().textContent()).includes(title), 'the first hit is not the title');
  if (shots) await page.screenshot({ path: `${shots}/search.png` });
  await page.keyboard.press('ArrowDown');
  expect(await page.evaluate(() => document.activeElement.matches('#hits a')), 'arrow down does not go to the hits');
  await page.keyboard.press('Escape');
  expect(await page.locator('#hits').isHidden(), 'Escape does not close the hits');
  await page.keyboard.press('/');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('zzzqq');
  expect((await page.locator('#hits').textContent()) === 'Nothing found.', 'nothing found is not said');
  await page.keyboard.press('Escape');
  // Copying: a transcript's commands only, a listing without its numbers.
  const copied = async button => {
    await button.click();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const commands = await copied(page.locator('.console-wrap .copy').first());
  const kbd = await page.locator('.console-wrap').first().locator('kbd').allTextContents();
  expect(commands === kbd.join('\n') && kbd.length > 0, `copied from a transcript: "${commands}"`);
  const code = await copied(page.locator('.listing .copy').first());
  expect(code.length > 0 && !/^\s*\d+\s/m.test(code), `copied from a listing: "${code}"`);
  // The theme button, and that the next page remembers.
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await background();
  await page.locator('#theme').click();
  const after = await background();
  expect(before !== after, 'the theme button changes nothing');
  await page.evaluate(() => document.activeElement.blur());
  await Promise.all([page.waitForNavigation(), page.keyboard.press('ArrowRight')]);
  expect(!page.url().endsWith(chapter), 'arrow right does not turn the page');
  expect(await background() === after, 'the next page has forgotten the theme');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('ArrowLeft')]);
  expect(page.url().endsWith(chapter), 'arrow left does not turn it back');
}

async function usePhone(page) {
  await page.goto(url(pages.find(f => /^\d/.test(f))));
  expect(await page.locator('#nav').isHidden(), 'on a phone the contents cover the text');
  await page.locator('#menu').click();
  expect(await page.locator('#nav').isVisible(), 'on a phone the contents do not open');
  expect(await page.locator('#menu').getAttribute('aria-expanded') === 'true', 'aria-expanded is wrong');
  await page.keyboard.press('Escape');
  expect(await page.locator('#nav').isHidden(), 'Escape does not close the contents');
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
for (const theme of ['light', 'dark']) {
  for (const [width, name] of [[1280, 'wide'], [390, 'phone']]) {
    const context = await browser.newContext({ colorScheme: theme, viewport: { width, height: 860 }, permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    page.setDefaultTimeout(5000);
    page.on('console', m => m.type() === 'error' && fault('console: ' + m.text()));
    page.on('pageerror', e => fault('script: ' + e.message));
    page.on('requestfailed', r => fault('missing: ' + r.url()));
    page.on('request', r => r.url().startsWith('file://') || fault('not local: ' + r.url()));
    for (const file of pages) await look(page, file, `${theme} ${name}`);
    await (name === 'wide' ? use(page) : usePhone(page));
    await context.close();
  }
}
await browser.close();
console.log(bad ? `${bad} faults` : `${pages.length} pages, no fault`);
process.exit(bad ? 1 : 0);
