// Makes chinese-days.txt, the vectors of TestAgreesWithChineseDays, from the
// npm package chinese-days. In an empty folder:
//
//   npm install chinese-days@1.5.7
//   cp .../hub/calendar/testdata/chinese-days.mjs . && node chinese-days.mjs > chinese-days.txt
//
// One line for each year with a digit for each day, 1 worked and 0 off; then
// 10,000 lines "start n end" with days counted in base 36 from 2020-01-01: end
// is the n-th working day after start.
import chineseDays from "chinese-days";

const { isWorkday, findWorkday } = chineseDays;

const day = 86400_000, first = Date.UTC(2020, 0, 1), last = Date.UTC(2026, 11, 31);
const text = (t) => new Date(t).toISOString().slice(0, 10);
const count = (t) => Math.round((t - first) / day);

for (let y = 2020; y <= 2026; y++) {
  let line = "";
  for (let t = Date.UTC(y, 0, 1); t < Date.UTC(y + 1, 0, 1); t += day) line += isWorkday(text(t)) ? "1" : "0";
  console.log(y + " " + line);
}

// A generator of our own, so that the vectors are the same on every machine.
let seed = 20261124;
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;

for (let made = 0; made < 10000; ) {
  const start = first + random(count(last)) * day, n = 1 + random(60);
  const end = Date.parse(findWorkday(n, text(start)) + "T00:00:00Z");
  if (end > last) continue; // 2027 is not published
  console.log([count(start).toString(36), n.toString(36), count(end).toString(36)].join(" "));
  made++;
}
