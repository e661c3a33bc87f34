// page-check.mjs DIR [SHOTS] - opens gradebook.html and feedback.html in
// Chromium, light, dark, narrow and on paper: axe finds nothing, nothing is
// wider than the window or the sheet, and what is data runs nowhere. Says what
// is wrong, or nothing. Since axe is slow it sees the large page once, and in
// the other ways first.html, the same with fewer students. SHOTS: a folder for
// pictures.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.resolve('book') + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [dir, shots] = process.argv.slice(2);
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const LOOKS = [
  { how: 'light', colorScheme: 'light', width: 1280 },
  { how: 'dark', colorScheme: 'dark', width: 1280 },
  { how: 'narrow', colorScheme: 'light', width: 390 },
];

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const { how, colorScheme, width } of LOOKS) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  page.on('dialog', () => console.log(`${how}: something opened a dialogue`));
  for (const name of ['gradebook', 'first', 'feedback']) {
    await page.goto('file://' + path.resolve(dir, name + '.html'));
    if (name !== (how === 'light' ? 'first' : 'gradebook')) {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(tags => window.axe.run({ preload: false, runOnly: tags }), RULES);
      for (const v of violations) console.log(`${name} ${how}: ${v.id}, ${v.nodes.length} times: ${v.nodes[0].html.slice(0, 150)} ${v.nodes[0].failureSummary}`);
    }
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) console.log(`${name} ${how}: ${over} px wider than the window`);
    const cut = await page.evaluate(() => [...document.querySelectorAll('.scroll')].filter(s => s.scrollWidth > s.clientWidth).length);
    if (cut && width > 1000) console.log(`${name} ${how}: ${cut} tables are wider than the window`);
    const small = await page.evaluate(() => Math.min(...[...document.querySelectorAll('.heat td')].map(t => parseFloat(getComputedStyle(t).fontSize))));
    if (small < 12) console.log(`${name} ${how}: figures of ${small} px`);
    if (shots) await page.screenshot({ path: `${shots}/${name}-${how}.png` });
  }
  await page.close();
}
// On paper: an A4 sheet, landscape, less its margins.
const page = await browser.newPage({ viewport: { width: 1046, height: 718 } });
await page.goto('file://' + path.resolve(dir, 'gradebook.html'));
await page.emulateMedia({ media: 'print' });
const over = await page.evaluate(() => Math.max(...[...document.querySelectorAll('table')].map(t => t.getBoundingClientRect().right)) - innerWidth);
if (over > 0) console.log(`on paper: ${over} px wider than the sheet`);
if (shots) await page.pdf({ path: `${shots}/gradebook.pdf`, preferCSSPageSize: true, printBackground: true });
await browser.close();
