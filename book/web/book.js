'use strict';
const $ = (selector, root = document) => root.querySelector(selector);
const root = document.documentElement;

// Light and dark: what the system says, until the reader says otherwise.
$('#theme').onclick = () => {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  try { localStorage.theme = root.dataset.theme; } catch { /* a file:// page may have no storage */ }
};

// Contents, where the window is narrow. The first page has none at the side.
const nav = $('#nav'), menu = $('#menu');
function showMenu(open) {
  nav?.classList.toggle('open', open);
  menu?.setAttribute('aria-expanded', String(open));
}
menu?.addEventListener('click', () => showMenu(!nav.classList.contains('open')));
nav?.addEventListener('click', event => { if (event.target.closest('a')) showMenu(false); });

// Copy: a listing without its numbers, a transcript's commands without the rest.
for (const pre of document.querySelectorAll('.listing pre, .plaincode pre, pre.console')) {
  const button = document.createElement('button');
  button.className = 'copy';
  button.textContent = 'Copy';
  button.type = 'button';
  button.onclick = async () => {
    const commands = [...pre.querySelectorAll('kbd')].map(k => k.textContent).join('\n');
    try {
      await navigator.clipboard.writeText(commands || pre.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(pre);
      button.textContent = 'Press Ctrl+C';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  };
  if (pre.classList.contains('console')) {
    const wrap = document.createElement('div');
    wrap.className = 'console-wrap';
    pre.replaceWith(wrap);
    wrap.append(pre, button);
  } else {
    pre.parentElement.append(button);
  }
}

// Search: every word must occur (a part of one is enough); titles count more.
const q = $('#q'), hits = $('#hits');
function score(section, words) {
  const title = section.title.toLowerCase(), text = section.text.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const points = (title.includes(word) ? 12 : 0) + Math.min(text.split(word).length - 1, 6);
    if (!points) return 0;
    sum += points;
  }
  return sum + (title === words.join(' ') ? 40 : 0) + (section.page ? 0 : 2);
}
function hit(section, word) {
  const item = document.createElement('li'), link = document.createElement('a'), words = document.createElement('small');
  link.href = section.url;
  link.textContent = (section.page && section.page + ' · ') + section.title;
  const at = Math.max(0, section.text.toLowerCase().indexOf(word) - 40);
  words.textContent = (at ? '…' : '') + section.text.slice(at, at + 130) + '…';
  link.append(words);
  item.append(link);
  return item;
}
q.oninput = () => {
  const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length ? (window.searchData ?? []).map(s => [score(s, words), s]).filter(([n]) => n) : [];
  found.sort((a, b) => b[0] - a[0]);
  hits.hidden = !words.length;
  hits.replaceChildren(...found.slice(0, 12).map(([, s]) => hit(s, words[0])));
  if (!found.length) hits.append(Object.assign(document.createElement('li'), { textContent: 'Nothing found.' }));
};
hits.addEventListener('click', () => { hits.hidden = true; });

addEventListener('keydown', event => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  const inHits = hits.contains(document.activeElement);
  if (event.key === 'Escape') {
    hits.hidden = true;
    q.blur();
    showMenu(false);
  }
  if ((typing || inHits) && !hits.hidden && /^Arrow(Up|Down)$/.test(event.key)) {
    const links = [...hits.querySelectorAll('a')];
    const next = links.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
    (links[next] ?? q).focus();
    event.preventDefault();
  }
  // A scrolling block keeps the arrow keys for itself.
  const scrolls = document.activeElement?.matches('pre, .scroll');
  if (typing || inHits || scrolls || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.key === '/') {
    q.focus();
    event.preventDefault();
  }
  const turn = { ArrowLeft: 'prev', ArrowRight: 'next' }[event.key];
  const target = turn && $(`link[rel=${turn}]`);
  if (target) location.assign(target.href);
});
