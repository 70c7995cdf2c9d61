'use strict';
// The page keeps one file open, asks the server to check it as one types and
// never trusts what it shows: everything is put in as text.
const $ = id => document.getElementById(id);
const token = new URLSearchParams(location.hash.slice(1)).get('token') || sessionStorage.getItem('token') || '';
sessionStorage.setItem('token', token);
history.replaceState(null, '', '/');

let file = null, saved = '', version = '', problems = [], checking = 0, timer = 0, at = -1;

async function call(method, path, body) {
  const r = await fetch(path, {method, headers: {'X-Studio-Token': token, 'Content-Type': 'application/json'}, body: body && JSON.stringify(body)});
  const v = await r.json();
  if (!r.ok) throw new Error(v.error || r.statusText);
  return v;
}
function el(tag, attrs, ...kids) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs || {})) {
    if (k.startsWith('on')) e.addEventListener(k.slice(2), v); else if (v !== undefined && v !== false) e.setAttribute(k, v);
  }
  e.append(...kids.filter(k => k !== undefined && k !== null));
  return e;
}
function say(text, bad) { $('state').textContent = text; $('state').className = bad ? 'bad' : ''; }
const guard = f => async (...a) => { try { await f(...a); } catch (e) { say(e.message, true); } };
function pane(to) {
  document.body.dataset.pane = to;
  if (to === 'result') $('pane-result').hidden = false;
  for (const b of document.querySelectorAll('.panes button')) b.setAttribute('aria-pressed', b.dataset.to === to);
}
for (const b of document.querySelectorAll('.panes button')) b.onclick = () => pane(b.dataset.to);
const draft = () => ({name: file, text: $('text').value, version});

// Files and rules.
let listed = [];
const refresh = guard(async () => {
  const v = await call('GET', '/api/files');
  listed = v.files;
  known = v.departments;
  $('dir').textContent = v.dir;
  $('past').textContent = v.history ? '历史 ' + v.history + ' 件' : '';
  $('diff').disabled = !v.history;
  $('diff').title = v.history ? '' : '启动时用 --history 给一个历史文件';
  showFiles();
});
function showFiles() {
  const q = $('search').value.trim();
  $('files').replaceChildren(...listed.map(f => {
    const hits = f.rules.filter(r => !q || f.name.includes(q) || (r.id + r.name).includes(q));
    if (q && !hits.length && !f.name.includes(q)) return null;
    const d = el('details', {open: f.name === file || !!q},
      el('summary', {class: f.name === file ? 'on' : '', onclick: () => open(f.name)}, el('code', {}, f.name), ' ', el('small', {}, f.rules.length + ' 条')),
      el('ul', {}, ...hits.map(r => el('li', {}, el('button', {onclick: () => open(f.name, r.line)}, r.id + ' ' + r.name + ' ', el('small', {}, r.to ? '→ ' + r.to : ''))))));
    return d;
  }).filter(Boolean));
  if (!listed.length) $('files').replaceChildren(el('p', {class: 'empty'}, '还没有规则文件，在下面新建一个。'));
}
$('search').oninput = showFiles;

const open = guard(async (name, line) => {
  if (name !== file) {
    if (dirty() && !confirm('“' + file + '”还没有保存，要丢掉改动吗？')) return;
    const v = await call('GET', '/api/file?name=' + encodeURIComponent(name));
    load(name, v.text, v.version);
  }
  pane('edit');
  if (line) jump(line, 1);
});
function load(name, text, ver) {
  file = name; saved = text; version = ver;
  $('name').textContent = name;
  $('text').disabled = false;
  $('text').value = text;
  $('text').scrollTop = 0;
  changed();
  showFiles();
}
$('new').onsubmit = e => {
  e.preventDefault();
  let name = e.target.name.value.trim();
  if (!name) return;
  if (!name.endsWith('.yaml')) name += '.yaml';
  if (listed.some(f => f.name === name)) { say('已有 ' + name, true); return; }
  if (dirty() && !confirm('“' + file + '”还没有保存，要丢掉改动吗？')) return;
  load(name, '', '');
  const id = name.replace('.yaml', '');
  $('text').value = '版本: 1\n负责人: \n规则:\n  - 编号: ' + id + '-001\n    名称: \n    当: 含任一("")\n    则: {主办: }\n    例:\n      - 中: {标题: , 正文: }\n      - 不中: {标题: , 正文: }\n';
  changed();
  pane('edit');
};

// Editing.
const dirty = () => file !== null && $('text').value !== saved;
function changed() {
  $('dirty').hidden = !dirty();
  $('save').disabled = !dirty();
  paint();
  clearTimeout(timer);
  timer = setTimeout(check, 250);
}
$('text').oninput = changed;
$('text').onscroll = () => {
  $('paint').scrollTop = $('gutter').scrollTop = $('text').scrollTop;
  $('paint').scrollLeft = $('text').scrollLeft;
};
const words = /("(?:[^"\\]|\\.)*"|“[^”]*”)|(#.*$)|((?:且|或|非|除非|属于|等于|大于等于|小于等于|大于|小于|为空|不为空|含任一|含全部|含至少|不含|标题含|正文含|近|采暖期|辖区|工作时间|同类近期))/g;
function paint() {
  const lines = $('text').value.split('\n'), out = document.createDocumentFragment(), nums = document.createDocumentFragment();
  lines.forEach((text, i) => {
    const wrong = problems.filter(p => p.line === i + 1 && p.file === file);
    nums.append(wrong.length ? el('b', {title: wrong[0].text}, String(i + 1)) : String(i + 1), '\n');
    let rest = text;
    const key = /^(\s*(?:- )?)([^\s:#"'{}[\],]+)(:)(?=\s|$)/.exec(text);
    if (key) { out.append(key[1], el('span', {class: wrong.length ? 'k x' : 'k'}, key[2] + ':')); rest = text.slice(key[0].length); }
    let last = 0;
    for (const m of rest.matchAll(words)) {
      out.append(rest.slice(last, m.index), el('span', {class: m[1] ? 's' : m[2] ? 'c' : 'f'}, m[0]));
      last = m.index + m[0].length;
    }
    const tail = rest.slice(last);
    out.append(wrong.length && !key ? el('span', {class: 'x'}, tail) : tail, '\n');
  });
  $('paint').replaceChildren(out);
  $('gutter').replaceChildren(nums);
  $('text').onscroll();
}
async function check() {
  if (!file) return;
  const mine = ++checking;
  try {
    const v = await call('POST', '/api/check', draft());
    if (mine !== checking) return;
    problems = v.problems;
    say(problems.length ? '' : '检查通过 · ' + v.rules + ' 条规则');
  } catch (e) {
    if (mine !== checking) return;
    problems = [];
    say(e.message, true);
  }
  $('count').textContent = problems.length ? problems.length + ' 个问题' : '没有问题';
  at = -1;
  $('problems').replaceChildren(...problems.map((p, i) => el('li', {}, el('button', {onclick: () => go(i)},
    (p.file === file ? '第 ' + p.line + ' 行' : p.file + ' 第 ' + p.line + ' 行') + ' ' + p.code + ' ' + (p.rule ? p.rule + '：' : '') + p.text),
    p.instead && p.length && p.file === file ? el('button', {class: 'fix', onclick: () => fix(p)}, '改成“' + p.instead + '”') : null)));
  paint();
}
function go(i) {
  if (!problems.length) return;
  at = i % problems.length;
  const p = problems[at];
  if (p.file === file) jump(p.line, p.column || 1, p.length); else open(p.file, p.line);
}
function jump(line, column, length) {
  const t = $('text'), lines = t.value.split('\n');
  let from = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0);
  const head = [...(lines[line - 1] || '')].slice(0, column - 1).join('').length;
  from += head;
  t.focus();
  t.setSelectionRange(from, from + (length || 0));
  const height = parseFloat(getComputedStyle(t).lineHeight);
  t.scrollTop = Math.max(0, (line - 5) * height);
}
function fix(p) {
  jump(p.line, p.column, p.length);
  document.execCommand('insertText', false, p.instead);
}
const save = guard(async () => {
  if (!dirty()) return;
  const text = $('text').value, v = await call('PUT', '/api/file', {name: file, text, version});
  saved = text; version = v.version;
  changed();
  say('已保存');
  refresh();
});
$('save').onclick = save;

// Examples, history, one message.
function result(title, ...kids) {
  $('result-title').textContent = title;
  $('result').replaceChildren(...kids.filter(Boolean));
  $('pane-result').hidden = false;
  if (matchMedia('(max-width:900px)').matches) pane('result');
}
$('close').onclick = () => { $('pane-result').hidden = true; pane('edit'); };
const test = guard(async () => {
  say('正在跑例…');
  const v = await call('POST', '/api/test', file ? draft() : {});
  say(v.failed ? v.failed + ' 个例没有通过' : v.passed + ' 个例全部通过', !!v.failed);
  result(v.failed ? '例：' + v.failed + ' 个没有通过，' + v.passed + ' 个通过' : '例：' + v.passed + ' 个全部通过',
    el('div', {}, ...v.results.filter(f => !f.passed).map(f => el('div', {class: 'sample'}, el('button', {onclick: () => open(f.file, f.line)}, el('code', {}, f.file), ' 第 ' + String(f.line), ' 行'),
      ' ' + [f.rule, f.name, '应为 ' + f.want, '实为 ' + f.got, f.clause].filter(Boolean).join(' · ')))));
});
$('test').onclick = test;
const place = {sorting: '分拨岗', rejected: '驳回', answered: '当即答复'};
let known = {};
const name = d => place[d] || known[d] || d || '空';
function table(title, heads, rows) {
  if (!rows.length) return null;
  return el('div', {}, el('b', {}, title), el('table', {}, el('tr', {}, ...heads.map(h => el('th', {scope: 'col'}, h))),
    ...rows.slice(0, 15).map(r => el('tr', {}, ...r.map(c => el('td', typeof c === 'number' ? {class: 'n'} : {}, String(c)))))));
}
const diff = guard(async () => {
  say('正在对比…');
  const v = await call('POST', '/api/diff', file ? draft() : {});
  say('对比完成，' + (v.took_ms / 1000).toFixed(2) + ' 秒');
  const move = m => [name(m.from), name(m.to), m.cases];
  result('与打开时的规则相比：' + v.cases + ' 件中 ' + v.changed + ' 件有变化，换部门 ' + v.rerouted + ' 件',
    v.changed ? null : el('p', {class: 'empty'}, '对这批历史的判定完全一样。'),
    el('div', {class: 'tables'},
      table('去向变化', ['原', '现', '件'], v.matrix.map(move)),
      table('工作量', ['部门', '原', '现', '增减'], v.load.filter(l => l.change).map(l => [name(l.department), l.before, l.after, l.change])),
      table('时限变化', ['时限', '原', '现', '件'], v.deadlines.map(d => [d.kind, d.from || '不设', d.to || '不设', d.cases])),
      table('规则胜出', ['规则', '原', '现', '增减'], v.rules.map(l => [l.department, l.before, l.after, l.change])),
      table('没有规则命中的常见词', ['词', '件'], v.ngrams.map(g => [g.text, g.cases]))),
    el('div', {}, ...v.samples.map(s => el('div', {class: 'sample'}, el('b', {}, s.title || '（无标题）'), ' ' + (s.changes || []).join('；'),
      el('small', {class: 'empty'}, ' 原：' + s.before.why + '　现：' + s.after.why)))));
});
$('diff').onclick = diff;
function clauses(list) {
  return el('ul', {}, ...(list || []).map(c => el('li', {class: c.holds ? '' : 'no'}, (c.unless ? '除非 ' : '') + c.text, el('small', {}, c.seen || ''))));
}
const verdicts = {taken: '采用', outdone: '未采用', conflict: '冲突', missed: '未命中'};
function trace(t) {
  return el('div', {class: 'trace' + (t.verdict === 'taken' ? ' won' : '')}, el('b', {}, t.rule + ' ' + (t.name || '')), ' ' + (verdicts[t.verdict] || t.verdict) + (t.department ? ' → ' + name(t.department) : ''), clauses(t.clauses));
}
$('try').onsubmit = e => {
  e.preventDefault();
  guard(async () => {
    const f = e.target, v = await call('POST', '/api/explain', {...(file ? draft() : {}),
      title: f.title.value, body: f.body.value, channel: f.channel.value, place: f.place.value, time: f.time.value});
    const d = v.decision, c = d.class || {};
    $('verdict').replaceChildren(
      el('div', {class: 'verdict' + (v.judgment.to === 'sorting' || v.judgment.to === 'rejected' ? ' bad' : '')}, el('b', {}, v.judgment.why),
        el('div', {}, [c.category, c.topic, c.tags && c.tags.join('、'), ...v.clocks].filter(Boolean).join(' · '))),
      ...(v.matched.length ? v.matched.map(trace) : [el('p', {class: 'empty'}, '没有规则命中。')]),
      ...(v.near.length ? [el('h2', {}, '差一点命中'), ...v.near.map(trace)] : []));
    say('');
  })();
};

addEventListener('keydown', e => {
  const ctrl = e.ctrlKey || e.metaKey;
  if (ctrl && e.key === 's') { e.preventDefault(); save(); }
  else if (ctrl && e.key === 'Enter') { e.preventDefault(); test(); }
  else if (e.key === 'F8') { e.preventDefault(); go(at + 1); }
  else if (e.key === 'Tab' && e.target === $('text') && !e.shiftKey) { e.preventDefault(); document.execCommand('insertText', false, '  '); }
});
addEventListener('beforeunload', e => { if (dirty()) e.preventDefault(); });
refresh();
