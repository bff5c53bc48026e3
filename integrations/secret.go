package integrations

import (
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

const hidden = "***"

// Secret is a token or password. However it is printed, logged or encoded it gives "***"; only Reveal tells it.
// The zero value is an empty secret. Compare what two of them Reveal, not the two.
type Secret struct {
	// A pointer, because fmt looks through unexported fields of a struct without asking Format, and stops at a pointer.
	value *string
}

// NewSecret returns a Secret that reveals value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether the secret is empty, which is no secret and may be told.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String gives "***".
func (s Secret) String() string { return hidden }

// GoString gives "***".
func (s Secret) GoString() string { return hidden }

// Format prints "***" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalJSON gives "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText gives "***", for encoders that prefer it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalYAML gives "***".
func (s Secret) MarshalYAML() (any, error) { return hidden, nil }

// UnmarshalYAML reads a scalar.
func (s *Secret) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a secret must be one value", node.Line)
	}
	if node.Tag == "!!null" {
		return nil
	}
	*s = NewSecret(node.Value)
	return nil
}
