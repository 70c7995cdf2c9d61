package open311

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/mashang-hub/mashang/adapters"
)

// A Config holds the options of a GeoReport v2 endpoint.
type Config struct {
	// Keys are the api_keys that may send; reading needs none. Two may be
	// live while one is replaced.
	Keys []adapters.Secret `yaml:"keys"`
	// Jurisdiction is the city's jurisdiction_id; a request that names another
	// is refused.
	Jurisdiction string `yaml:"jurisdiction"`
	// BaseURL is the address that clients reach, for the discovery document;
	// empty is that of --public-url, or else the one that the client asked.
	BaseURL string `yaml:"base_url"`
	// Contact and KeyService tell people whom to ask, and for a key.
	Contact    string `yaml:"contact"`
	KeyService string `yaml:"key_service"`
	// Changeset dates the list of services, so that clients fetch it again.
	Changeset string `yaml:"changeset"`
	// Services are what can be asked for.
	Services []Service `yaml:"services"`
}

// A Service is a type of request.
type Service struct {
	Code        string      `yaml:"code"`
	Name        string      `yaml:"name"`
	Description string      `yaml:"description"`
	Group       string      `yaml:"group"`
	Keywords    string      `yaml:"keywords"`
	Attributes  []Attribute `yaml:"attributes"`
}

// An Attribute is a further question of a service.
type Attribute struct {
	Code        string `yaml:"code"`
	Description string `yaml:"description"`
	// Datatype is string, number, datetime, text, singlevaluelist or
	// multivaluelist.
	Datatype string `yaml:"datatype"`
	Hint     string `yaml:"hint"`
	Required bool   `yaml:"required"`
	// Notice only tells something and takes no answer.
	Notice bool    `yaml:"notice"`
	Values []Value `yaml:"values"`
}

// A Value is a choice of a list.
type Value struct {
	Key  string `yaml:"key"`
	Name string `yaml:"name"`
}

// Default serves one city below the hub's own address.
func Default() Config {
	return Config{Contact: "12345", KeyService: "12345", Changeset: "2026-01-01 00:00"}
}

// Validate reports what is wrong with c and how to mend it.
func (c Config) Validate() error {
	if len(c.Keys) == 0 {
		return fmt.Errorf("keys is empty: name at least one, such as ${MASHANG_OPEN311_KEY}")
	}
	if len(c.Services) == 0 {
		return fmt.Errorf("services is empty: list at least one with code and name")
	}
	seen := map[string]bool{}
	for _, s := range c.Services {
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`).MatchString(s.Code) {
			return fmt.Errorf("service code %q: use letters, digits, - and _", s.Code)
		}
		if seen[s.Code] {
			return fmt.Errorf("service code %q is used twice: give each service its own", s.Code)
		}
		seen[s.Code] = true
		if s.Name == "" {
			return fmt.Errorf("service %s has no name: say what citizens call it", s.Code)
		}
		if err := s.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (s Service) validate() error {
	for _, a := range s.Attributes {
		if a.Code == "" {
			return fmt.Errorf("service %s has an attribute without a code", s.Code)
		}
		if !slices.Contains([]string{"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}, a.Datatype) {
			return fmt.Errorf("attribute %s of service %s: datatype %q is unknown: use string, number, datetime, text, singlevaluelist or multivaluelist", a.Code, s.Code, a.Datatype)
		}
		if a.list() != (len(a.Values) > 0) {
			return fmt.Errorf("attribute %s of service %s: values belong to the two list types, and those need some", a.Code, s.Code)
		}
	}
	return nil
}

func (a Attribute) list() bool {
	return a.Datatype == "singlevaluelist" || a.Datatype == "multivaluelist"
}

func (c Config) service(code string) (Service, bool) {
	i := slices.IndexFunc(c.Services, func(s Service) bool { return s.Code == code })
	if i < 0 {
		return Service{}, false
	}
	return c.Services[i], true
}
