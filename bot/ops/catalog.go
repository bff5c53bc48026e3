package ops

import "strings"

// Service is one entry of the service catalog: what people call it, who answers for it, and where its signals are.
type Service struct {
	Name      string            // canonical, lower case: "checkout"
	Aliases   []string          // other names that people and alerts use for it
	Team      string            // the owning team's name
	Tier      int               // 1 is the most important; 0 means not said
	OnCall    []string          // people's names in the catalog, first to be called first
	DependsOn []string          // canonical names of the services that it calls
	Runbook   string            // URL, or empty
	Dashboard string            // URL, or empty
	Labels    map[string]string // an alert that carries all of these belongs to the service
	// Sources tells each integration how it knows the service: integration name → key → value.
	// The keys are documented by the integration ("selector" for Loki, "repository" for GitHub).
	Sources map[string]map[string]string
}

// Source returns how the integration called name knows the service, and nil when the catalog does not say.
func (s Service) Source(name string) map[string]string { return s.Sources[name] }

// Person is one entry of the people directory: one human being and their accounts on each platform.
type Person struct {
	Name     string            // unique in the directory: "ana"
	Title    string            // as shown: "Ana Ruiz"; Name when empty
	Email    string            // or empty
	Timezone string            // IANA name, or empty for the installation's
	Accounts map[string]string // platform name → user id there
}

// Display returns the name to show for the person.
func (p Person) Display() string {
	if p.Title != "" {
		return p.Title
	}
	return p.Name
}

// Catalog is the services and people of the installation. The zero value is an empty catalog.
type Catalog struct {
	Services []Service
	People   []Person
}

// Service finds a service by its name or an alias, ignoring case.
func (c Catalog) Service(name string) (Service, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, s := range c.Services {
		if strings.ToLower(s.Name) == name {
			return s, true
		}
	}
	for _, s := range c.Services {
		for _, a := range s.Aliases {
			if strings.ToLower(a) == name {
				return s, true
			}
		}
	}
	return Service{}, false
}

// Account finds the person who owns the account id on a platform.
func (c Catalog) Account(platform, id string) (Person, bool) {
	for _, p := range c.People {
		if id != "" && p.Accounts[platform] == id {
			return p, true
		}
	}
	return Person{}, false
}

// Person finds a person by name, ignoring case and a leading "@".
func (c Catalog) Person(name string) (Person, bool) {
	name = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), "@"))
	for _, p := range c.People {
		if strings.ToLower(p.Name) == name || (p.Title != "" && strings.ToLower(p.Title) == name) {
			return p, true
		}
	}
	return Person{}, false
}
