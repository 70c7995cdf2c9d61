package browsertest

// measure lists the faults of a page, one a line. Text that is not Chinese may
// stand in code, in what people typed and in what they downloaded.
const measure = `(() => {
const faults = [], all = s => [...document.querySelectorAll(s)], seen = e => e.checkVisibility();
const called = e => (e.name || e.id || e.textContent.trim().slice(0, 12) || e.tagName);
const wide = document.documentElement.scrollWidth - innerWidth;
if (wide > 0) faults.push(wide + ' px too wide');
for (const e of all('button,summary,select,textarea,input:not([type=hidden]):not([type=checkbox]):not([type=radio])'))
	if (seen(e) && e.getBoundingClientRect().height < 43.5) faults.push('too small to touch: ' + called(e));
for (const e of all('input[type=checkbox],input[type=radio]')) {
	const l = e.labels && e.labels[0];
	if (seen(e) && (!l || l.getBoundingClientRect().height < 43.5)) faults.push('too small to touch: ' + called(e));
}
for (const e of all('a')) if (seen(e) && getComputedStyle(e).display !== 'inline' && e.getBoundingClientRect().height < 24) faults.push('link too small: ' + called(e));
for (const e of all('input:not([type=hidden]),select,textarea'))
	if (!(e.labels && e.labels.length) && !e.ariaLabel && !e.getAttribute('aria-labelledby')) faults.push('no label: ' + called(e));
for (const e of all('button,a,summary')) if (seen(e) && !e.textContent.trim() && !e.ariaLabel && !e.querySelector('img[alt]')) faults.push('no name: ' + e.outerHTML.slice(0, 60));
if (all('h1').length !== 1) faults.push(all('h1').length + ' main headings');
if (document.documentElement.lang !== 'zh-CN') faults.push('language ' + document.documentElement.lang);
if (!document.title.trim()) faults.push('no title');
if (all('[tabindex]').some(e => e.tabIndex > 0)) faults.push('its own tab order');
for (const e of all('img:not([alt])')) faults.push('picture without words: ' + e.src);
for (const e of all('th:not([scope])')) faults.push('heading of nothing: ' + e.textContent);
const ids = all('[id]').map(e => e.id), twice = ids.find((v, i) => ids.indexOf(v) !== i);
if (twice) faults.push('two things called ' + twice);
const paint = s => { const m = s.match(/[\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
const ground = e => { for (; e; e = e.parentElement) { const p = paint(getComputedStyle(e).backgroundColor); if (p[3] > .99) return p; } return [255, 255, 255, 1]; };
const said = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n; n = walk.nextNode();) {
	const text = n.data.trim(), e = n.parentElement;
	if (!text || !seen(e) || e.closest('.hide,.skip,script,style,option,datalist')) continue;
	const s = getComputedStyle(e), size = parseFloat(s.fontSize), large = size >= 24 || size >= 18.66 && s.fontWeight >= 700;
	const x = light(paint(s.color)), y = light(ground(e)), ratio = (Math.max(x, y) + .05) / (Math.min(x, y) + .05);
	if (ratio < (large ? 3 : 4.5)) said.add('too pale (' + ratio.toFixed(1) + '): ' + text.slice(0, 20));
	if (size < 12) said.add('too small to read (' + size + ' px): ' + text.slice(0, 20));
	if (/[a-z_]{3,}/.test(text) && !e.closest('code,pre,textarea,kbd,.text')) said.add('not Chinese: ' + text.slice(0, 40));
}
faults.push(...said);
const sent = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((n, e) => n + e.decodedBodySize, 0);
if (sent > 160e3) faults.push('weighs ' + Math.round(sent / 1000) + ' KB');
return faults.join('\n');
})()`

// stops counts what the Tab key stops at.
const stops = `(() => {
window.walked = [...document.querySelectorAll('a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex="0"]')]
	.filter(e => !e.disabled && e.checkVisibility() && !(e.type === 'radio' && !e.checked && document.querySelector('input[type=radio][name="' + e.name + '"]:checked')));
return window.walked.length;
})()`

// focused says what is wrong with the control that has the focus; it must be
// the next of those that stops found.
const focused = `(() => {
const e = document.activeElement, want = window.walked.shift();
if (e !== want) {
	if (want && want.type === 'radio' && e.type === 'radio' && e.name === want.name) return '';
	return 'focus on ' + e.tagName + ' ' + (e.name || e.textContent.trim().slice(0, 20)) + ', not on ' + want.tagName + ' ' + (want.name || want.textContent.trim().slice(0, 20));
}
const s = getComputedStyle(e);
return s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2 ? 'focus cannot be seen on ' + (e.name || e.textContent.trim().slice(0, 20)) : '';
})()`
