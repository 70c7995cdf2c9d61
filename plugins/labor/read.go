package labor

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
)

const number = `([0-9][0-9,]*(?:\.[0-9]+)?[万千百]?[0-9]*|[零一二两三四五六七八九十百千万]+)`

// maxWorkers bounds what can be a number of workers: more is a population.
const maxWorkers = 5000

// owed lists the words without which a crowd is no wage case.
func owed() []string {
	return []string{"欠", "讨薪", "讨要", "血汗钱", "不发工资", "没发工资", "未发工资", "工资未发", "不给工资", "工资不给", "工资没给"}
}

type reader struct {
	employer, workers, amount, months *regexp.Regexp
}

func newReader() *reader {
	return &reader{
		employer: regexp.MustCompile(`([\p{Han}A-Za-z0-9（）()]{2,30}?(?:有限责任公司|股份有限公司|有限公司|集团公司|分公司|公司|集团|项目部|施工队|劳务队|工程队|工厂|砖厂|饭店|酒店|宾馆|超市|学校|医院|合作社))`),
		workers:  regexp.MustCompile(number + `(?:多|余|几)?(?:名|位|个|来个|来名)?(?:农民工|工人|民工|工友|员工|职工|兄弟|劳动者|人)`),
		amount:   regexp.MustCompile(number + `(?:多|余|来|几)?(万)?(?:多|余)?(?:元|块|圆)`),
		months:   regexp.MustCompile(number + `(?:多)?个(半)?月`),
	}
}

// read reads the citizen's words; without any there is nothing to read.
func (r *reader) read(c hub.Content, critical int) hub.Receipt {
	if c.Title == "" && c.Text == "" {
		return hub.Receipt{}
	}
	text := reading.Text(c)
	facts := map[string]string{}
	out := hub.Receipt{Facts: facts}
	if e := r.findEmployer(text); e != "" {
		facts["employer"], out.Group = e, e
	}
	if n := largest(r.workers, text); n > 0 && n <= maxWorkers {
		facts["workers"] = reading.Amount(n)
		out.Critical = n >= float64(critical) && reading.Words(text, owed()) != nil
	}
	if n := largest(r.amount, text); n > 0 {
		facts["amount"] = reading.Amount(n)
	}
	if n := largest(r.months, text); n > 0 {
		facts["months"] = reading.Amount(n)
	}
	if w := reading.Words(text, []string{"集体讨薪", "集体上访", "聚集", "堵路", "堵门", "拉横幅", "跳楼", "爬塔吊", "越级上访", "去省里", "进京"}); w != nil {
		facts["gathering"], out.Critical = strings.Join(w, "、"), true
	}
	return out
}

// findEmployer returns the first name of a company that is more than a suffix.
func (r *reader) findEmployer(text string) string {
	for _, m := range r.employer.FindAllString(text, -1) {
		name := m
		for _, lead := range []string{"投诉", "举报", "请求", "咨询", "请问", "作为", "批准", "拖欠", "承建", "承包", "老板", "受雇于", "就职于", "打工", "干活", "上班", "反映", "我们", "他们", "在", "给", "被", "于", "是", "为", "的", "由", "向", "到", "，", "我"} {
			if i := strings.LastIndex(name, lead); i >= 0 && utf8.RuneCountInString(name[i+len(lead):]) >= 3 {
				name = name[i+len(lead):]
			}
		}
		if utf8.RuneCountInString(name) >= 4 && !generic(name) {
			return name
		}
	}
	return ""
}

// generic reports whether name is "this company" and not a name.
func generic(name string) bool {
	for _, w := range []string{"这个", "该", "本", "一家", "某", "这家", "那个", "建筑公司", "劳务公司"} {
		if strings.HasPrefix(name, w) && utf8.RuneCountInString(name) <= 5 {
			return true
		}
	}
	return false
}

// largest returns the largest number that re finds, 0 if it finds none.
func largest(re *regexp.Regexp, text string) float64 {
	most := 0.0
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		n, ok := reading.Number(m[1])
		if !ok {
			continue
		}
		switch {
		case len(m) > 2 && m[2] == "万":
			n *= 1e4
		case len(m) > 2 && m[2] == "半":
			n += 0.5
		}
		most = max(most, n)
	}
	return most
}
